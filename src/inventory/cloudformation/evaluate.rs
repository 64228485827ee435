//! A template and the evaluation of its parts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::parameter::{self, Known, Parameter};
use super::work::{self, Work};
use super::{Given, not_defined, types, unresolved};
use crate::inventory::{Holes, Node as Made, Piece, Value, Written, url_suffix};
use crate::parser::tree::{Node, Tree};
use crate::parser::{HoleKind, Problem, SourceId, Span, shorten};

/// How deep references lead from one to the next.
const DEEPEST: usize = 128;

/// A template.
pub(super) struct Template<'g> {
    pub(super) id: SourceId,
    pub(super) tree: Rc<Tree>,
    pub(super) given: &'g Given,
    pub(super) parameters: FxHashMap<String, Parameter>,
    resources: FxHashMap<String, Rc<Tree>>,
    /// The roles that SAM makes, each with the resource that it is for.
    pub(super) made_roles: Vec<(String, String)>,
    pub(super) holes: Holes,
    /// The values, in this pass, of parameters that may have several.
    pub(super) chosen: BTreeMap<String, String>,
    /// Parameters with so many values, together, that they are not judged one by one.
    pub(super) left_open: BTreeSet<String>,
    /// Parameters with several values that were asked for in this pass.
    pub(super) asked: BTreeSet<String>,
    /// Parameters that were asked for in this pass and have one value; the place is that of a default.
    pub(super) taken: BTreeMap<String, (String, Option<Written>)>,
    /// The values that parameters have together, for each setting of the templates that this one is nested in.
    pub(super) together: Vec<BTreeMap<String, String>>,
    /// Parameters whose empty default is a part of a text in this pass.
    pub(super) empty: BTreeSet<String>,
    /// Parameters with an empty default whose value is not known in this pass.
    pub(super) unset: BTreeSet<String>,
    /// Holes of the templates that this one is nested in.
    pub(super) from_parents: BTreeSet<usize>,
    /// Parts that could not be read in this pass.
    pub(super) problems: Vec<Problem>,
    /// Conditions that hold, or do not, wherever what is read exists.
    pub(super) assumed: BTreeMap<String, bool>,
    /// Conditions and names of resources that are being worked out.
    pub(super) open: Vec<String>,
    depth: usize,
    pub(super) work: Work,
}

/// A call of a function.
pub(super) struct Call<'t> {
    /// `Ref`, `Fn::Sub`.
    pub(super) name: String,
    pub(super) argument: &'t Rc<Tree>,
    /// Whether it is written as a tag, on its argument.
    is_tag: bool,
    /// The name.
    pub(super) at: Span,
    /// The whole call.
    pub(super) span: Span,
}

/// The function that a value calls.
pub(super) fn call(tree: &Rc<Tree>) -> Option<Call<'_>> {
    if let Some(tag) = &tree.tag {
        let word = tag.trim_start_matches('!');
        let name = match word {
            "Ref" | "Condition" => word.to_owned(),
            _ => format!("Fn::{word}"),
        };
        return Some(Call {
            name,
            argument: tree,
            is_tag: true,
            at: tree.span,
            span: tree.span,
        });
    }
    let entries = tree.entries();
    let is_function = |key: &str| key == "Ref" || key.starts_with("Fn::");
    let (key, argument) = match entries {
        [one] => one,
        // `Fn::Transform` and `Fn::ForEach` may be beside other keys.
        _ => entries.iter().find(|(key, _)| {
            let text = key.text().unwrap_or_default();
            text == "Fn::Transform" || text.starts_with("Fn::ForEach")
        })?,
    };
    let name = key.text().filter(|key| is_function(key))?;
    Some(Call {
        name: name.to_owned(),
        argument,
        is_tag: false,
        at: key.span,
        span: tree.span,
    })
}

impl<'g> Template<'g> {
    pub(super) fn new(id: SourceId, tree: Rc<Tree>, given: &'g Given) -> Self {
        let resources = tree.get("Resources");
        let resources = resources.iter().flat_map(|r| r.entries());
        let resources =
            resources.filter_map(|(name, value)| Some((name.text()?.to_owned(), Rc::clone(value))));
        let parameters = parameter::all(&tree, id, given).into_iter().collect();
        Template {
            id,
            given,
            together: parameter::together(&parameters, given),
            empty: BTreeSet::new(),
            unset: BTreeSet::new(),
            from_parents: BTreeSet::new(),
            parameters,
            resources: resources.collect(),
            made_roles: Vec::new(),
            holes: Holes::default(),
            chosen: BTreeMap::new(),
            left_open: BTreeSet::new(),
            asked: BTreeSet::new(),
            taken: BTreeMap::new(),
            problems: Vec::new(),
            assumed: BTreeMap::new(),
            open: Vec::new(),
            depth: 0,
            work: Work::default(),
            tree,
        }
    }

    /// The type of a resource.
    pub(super) fn kind_of(&self, logical: &str) -> Option<&str> {
        match self.resources.get(logical) {
            Some(resource) => resource.get("Type")?.text(),
            None => self.made_for(logical).map(|_| "AWS::IAM::Role"),
        }
    }

    pub(super) fn resource(&self, logical: &str) -> Option<Rc<Tree>> {
        self.resources.get(logical).map(Rc::clone)
    }

    /// The value of a parameter that may have several.
    pub(super) fn values_of(&self, parameter: &str) -> &[String] {
        match self.parameters.get(parameter).map(|p| &p.known) {
            Some(Known::OneOf(values)) => values,
            Some(Known::Passed(passed)) if passed.all.len() > 1 => &passed.all,
            _ => &[],
        }
    }

    /// The default of a parameter, as the template writes it.
    pub(super) fn default_of(&self, parameter: &str) -> Option<String> {
        let parameter = self.tree.get("Parameters")?.get(parameter)?;
        Some(parameter.get("Default")?.text()?.to_owned())
    }

    /// The names of the parameters.
    pub(super) fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// Ends a pass of which only the values were of interest.
    pub(super) fn forget(&mut self) {
        self.chosen.clear();
        self.left_open.clear();
        self.asked.clear();
        self.taken.clear();
        self.problems.clear();
    }

    pub(super) fn report(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A value that could not be read.
    pub(super) fn unread(&mut self, name: &str, message: &str, at: Span, span: Span) -> Value {
        self.report(unresolved(name, message, at));
        self.unknown(name, span)
    }

    /// An unknown value.
    pub(super) fn unknown(&mut self, name: &str, span: Span) -> Value {
        let hole = self.hole(name, HoleKind::List, span, None);
        Value::hole(hole, span)
    }

    pub(super) fn hole(
        &mut self,
        name: &str,
        kind: HoleKind,
        span: Span,
        option: Option<String>,
    ) -> usize {
        self.holes.make(name, kind, (self.id, span), option)
    }

    /// Begins to work out a property or a condition, unless that is a part of another one.
    pub(super) fn begin(&mut self) {
        if self.open.is_empty() && self.depth == 0 {
            self.work.begin();
        }
    }

    /// Counts a value of the template. False where it is one too many.
    pub(super) fn step(&mut self, tree: &Tree) -> bool {
        self.begin();
        self.work.spend(match &tree.node {
            Node::Text(text, _) => 1 + work::of_text(text.len()),
            _ => 1,
        })
    }

    /// Evaluates a value.
    pub(super) fn evaluate(&mut self, tree: &Rc<Tree>) -> Value {
        if self.depth >= DEEPEST {
            let message = "the references lead too deep";
            return self.unread("references", message, tree.span, tree.span);
        }
        if !self.step(tree) {
            return self.too_large(tree.span, tree.span);
        }
        self.depth += 1;
        let value = match call(tree) {
            Some(call) => self.call(&call),
            None => self.plain(tree),
        };
        self.depth -= 1;
        value
    }

    /// Evaluates a value without its tag.
    fn plain(&mut self, tree: &Rc<Tree>) -> Value {
        let span = tree.span;
        let node = match &tree.node {
            Node::Null => Made::Null,
            Node::Boolean(value) => Made::Boolean(*value),
            Node::Number(text) => Made::Number(text.clone()),
            Node::Text(text, offsets) => {
                let piece = piece(text, offsets.as_deref(), span);
                Made::Text(self.dynamic(piece))
            }
            Node::List(elements) => {
                let elements = elements.iter().map(|e| self.evaluate(e));
                Made::List(elements.collect())
            }
            Node::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(k, v)| {
                    let key = match (k.text(), &k.node) {
                        (_, Node::Text(..)) | (None, _) => self.plain(k),
                        (Some(text), _) => Value::plain(text, k.span),
                    };
                    (key, self.evaluate(v))
                });
                Made::Map(entries.collect())
            }
        };
        Value { node, span }
    }

    /// The argument of a call.
    pub(super) fn argument(&mut self, call: &Call<'_>) -> Value {
        if call.is_tag {
            self.plain(call.argument)
        } else {
            self.evaluate(call.argument)
        }
    }

    /// Takes dynamic references (`{{resolve:ssm:…}}`) out of a text.
    pub(super) fn dynamic(&mut self, piece: Piece) -> Vec<Piece> {
        const OPEN: &str = "{{resolve:";
        let text = piece.text().unwrap_or_default().to_owned();
        if !text.contains(OPEN) {
            return vec![piece];
        }
        let mut pieces = Vec::new();
        let mut done = 0;
        while let Some(start) = text.get(done..).and_then(|t| t.find(OPEN)) {
            let start = done + start;
            let Some(length) = text.get(start..).and_then(|t| t.find("}}")) else {
                break;
            };
            let end = start + length + 2;
            if start > done {
                pieces.push(piece.part(done..start));
            }
            let name = text.get(start + 2..end - 2).unwrap_or_default();
            let span = piece.part(start..end).span();
            let hole = self.hole(name, HoleKind::Text, span, None);
            pieces.push(Piece::Hole { hole, span });
            done = end;
        }
        if done < text.len() {
            pieces.push(piece.part(done..text.len()));
        }
        pieces
    }

    /// The target of a name: a parameter, a resource, or a value that CloudFormation knows.
    pub(super) fn reference(&mut self, name: &str, span: Span) -> Value {
        self.begin();
        let value = self.target(name, span);
        self.counted(value, span)
    }

    fn target(&mut self, name: &str, span: Span) -> Value {
        if let Some(value) = self.pseudo(name, span) {
            return value;
        }
        if self.parameters.contains_key(name) {
            return self.parameter(name, span);
        }
        let kind = self.kind_of(name).map(str::to_owned);
        if kind.is_none() && !self.is_made_by_sam(name) {
            let message = not_defined("", name);
            return self.unread(name, &message, span, span);
        }
        let form = { kind.as_deref() }.and_then(types::find);
        if let (Some(kind), Some(form)) = (&kind, form.and_then(|t| t.reference.as_deref())) {
            return self.form(form, name, kind, span);
        }
        let hole = self.hole(name, HoleKind::Text, span, None);
        of_pieces(vec![Piece::Hole { hole, span }], span)
    }

    /// Whether a name begins with that of a resource of SAM, as those do that SAM makes of one: `Function.Alias`,
    /// `FunctionAliaslive`.
    fn is_made_by_sam(&self, name: &str) -> bool {
        let starts = (1..name.len().min(types::LONGEST_ID)).filter_map(|length| name.get(..length));
        starts
            .filter_map(|start| self.kind_of(start))
            .any(|kind| kind.starts_with(&types::anatomy().sam_types))
    }

    /// A value that every template can refer to.
    fn pseudo(&mut self, name: &str, span: Span) -> Option<Value> {
        let given = self.given;
        let known = match name {
            "AWS::Region" => &given.region,
            "AWS::AccountId" => &given.account,
            "AWS::Partition" => &given.partition,
            "AWS::NoValue" => return Some(Value::absent(span)),
            "AWS::URLSuffix" => {
                let suffix = url_suffix(given.partition.as_deref());
                return Some(Value::bound(suffix, span));
            }
            "AWS::StackName" => {
                let hole = self.hole(name, HoleKind::Word, span, None);
                return Some(of_pieces(vec![Piece::Hole { hole, span }], span));
            }
            "AWS::StackId" => {
                let form = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${Id}/${Id}";
                return Some(self.form(form, "AWS::StackId", "", span));
            }
            "AWS::NotificationARNs" => {
                let hole = self.hole(name, HoleKind::List, span, None);
                return Some(Value::hole(hole, span));
            }
            _ => return None,
        };
        if let Some(known) = known
            .as_ref()
            .filter(|k| k.as_str() != "*" && !k.contains(','))
        {
            return Some(Value::bound(known.clone(), span));
        }
        let hole = self.hole(name, HoleKind::Reference, span, None);
        Some(of_pieces(vec![Piece::Hole { hole, span }], span))
    }

    /// A form of `rules/cloudformation.toml` for a resource.
    pub(super) fn form(&mut self, form: &str, logical: &str, kind: &str, span: Span) -> Value {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = form;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            if !before.is_empty() {
                pieces.push(Piece::Bound {
                    text: before.to_owned(),
                    span,
                });
            }
            pieces.extend(match name {
                "Name" => self.name_of(logical, kind, span),
                "Host" => without_scheme(self.name_of(logical, kind, span)),
                "Path" => {
                    let path = self.property(logical, "Path");
                    let path = path.and_then(|v| v.pieces());
                    path.unwrap_or_else(|| vec![bound("/", span)])
                }
                "Id" => {
                    let hole = self.hole(logical, HoleKind::Word, span, None);
                    vec![Piece::Hole { hole, span }]
                }
                name => {
                    let value = self.pseudo(name, span);
                    value.and_then(|v| v.pieces()).unwrap_or_default()
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(bound(rest, span));
        }
        let pieces = pieces.into_iter().map(|p| p.bound_at(span));
        of_pieces(pieces.collect(), span)
    }

    /// The name of a resource: that of its property, or one that CloudFormation makes.
    fn name_of(&mut self, logical: &str, kind: &str, span: Span) -> Vec<Piece> {
        let property = types::find(kind).and_then(|t| t.name.as_deref());
        let value = property.and_then(|property| self.property(logical, property));
        if let Some(pieces) = value.and_then(|v| v.pieces()) {
            return pieces;
        }
        let hole = self.hole(logical, HoleKind::Word, span, None);
        vec![Piece::Hole { hole, span }]
    }

    /// A property of a resource, unless it leads back to itself.
    pub(super) fn property(&mut self, logical: &str, name: &str) -> Option<Value> {
        if let Some(of) = self.made_for(logical).map(str::to_owned) {
            // Its other properties are those that SAM gives it.
            return (name == "Path").then(|| self.property(&of, "RolePath"))?;
        }
        let resource = self.resource(logical)?;
        let property = resource.get("Properties")?.get(name)?;
        let mark = format!("{logical}.{name}");
        if self.open.contains(&mark) {
            let message = format!("`{}` refers to itself", shorten(logical));
            self.report(unresolved(logical, &message, property.span));
            return None;
        }
        self.begin();
        self.open.push(mark);
        let value = self.evaluate(property);
        self.open.pop();
        (value.node != Made::Absent).then_some(value)
    }
}

/// An address without `https://`.
fn without_scheme(mut pieces: Vec<Piece>) -> Vec<Piece> {
    const SCHEME: &str = "https://";
    if let Some(first) = pieces.first_mut()
        && let Some(text) = first.text().filter(|text| text.starts_with(SCHEME))
    {
        *first = first.part(SCHEME.len()..text.len());
    }
    pieces
}

/// A text as it is written.
pub(super) fn piece(text: &str, offsets: Option<&[u32]>, span: Span) -> Piece {
    match offsets {
        None => Piece::Plain {
            text: text.to_owned(),
            start: span.start,
        },
        Some(offsets) => Piece::Mapped {
            text: text.to_owned(),
            offsets: offsets.to_vec(),
        },
    }
}

pub(super) fn bound(text: &str, span: Span) -> Piece {
    Piece::Bound {
        text: text.to_owned(),
        span,
    }
}

pub(super) fn of_pieces(pieces: Vec<Piece>, span: Span) -> Value {
    Value {
        node: Made::Text(pieces),
        span,
    }
}
