//! The values of a template as they are written, in YAML or in JSON.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::decoded::Text;
use super::json::{self, Kind as Json, Layer, Places, Value};
use super::policy::Problem;
use super::quote::with_article;
use super::source::Span;
use super::yaml::{self, Id, Limits, version_1_1};

/// What most texts are, for messages.
pub(crate) const TEMPLATE: &str = "template";

/// How many values a template may hold. CloudFormation takes 500 resources, a CDK application many times that.
const MOST: usize = 2_000_000;

/// A value, as it is written.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) node: Node,
    /// A text without its quotes, everything else whole.
    pub(crate) span: Span,
    /// The tag of YAML (`!Sub`), where it is none of YAML's own.
    pub(crate) tag: Option<String>,
}

/// The kinds of values.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    Number(String),
    /// With the place of each byte and of the end, where these are not those of the span.
    Text(String, Option<Vec<u32>>),
    List(Vec<Rc<Tree>>),
    /// Each key once.
    Map(Vec<(Rc<Tree>, Rc<Tree>)>),
}

impl Tree {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text, _) | Node::Number(text) => Some(text),
            Node::Boolean(true) => Some("true"),
            Node::Boolean(false) => Some("false"),
            _ => None,
        }
    }

    /// The entries of a map.
    pub(crate) fn entries(&self) -> &[(Rc<Tree>, Rc<Tree>)] {
        match &self.node {
            Node::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list.
    pub(crate) fn elements(&self) -> &[Rc<Tree>] {
        match &self.node {
            Node::List(elements) => elements,
            _ => &[],
        }
    }

    /// The elements of a list, or a value that is none alone.
    pub(crate) fn one_or_more(self: &Rc<Tree>) -> &[Rc<Tree>] {
        match &self.node {
            Node::List(elements) => elements,
            _ => std::slice::from_ref(self),
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Tree>> {
        let mut entries = self.entries().iter();
        let found = entries.find(|(k, _)| k.text() == Some(key));
        found.map(|(_, value)| value)
    }

    /// Calls `enter` with a part of the tree and its key, from the outside in, and goes into the part where it says so.
    /// What several aliases share is visited once: written out, it may have more parts than memory holds.
    pub(crate) fn visit<'t>(
        self: &'t Rc<Tree>,
        enter: &mut impl FnMut(Option<&'t str>, &'t Rc<Tree>) -> bool,
    ) {
        let mut seen: FxHashSet<*const Tree> = FxHashSet::default();
        let mut open: Vec<(Option<&str>, &Rc<Tree>)> = vec![(None, self)];
        while let Some((key, part)) = open.pop() {
            if !enter(key, part) {
                continue;
            }
            let elements = part.elements().iter().map(|e| (None, e));
            let entries = { part.entries().iter() }.map(|(key, value)| (key.text(), value));
            for (key, inner) in elements.chain(entries).rev() {
                if Rc::strong_count(inner) == 1 || seen.insert(Rc::as_ptr(inner)) {
                    open.push((key, inner));
                }
            }
        }
    }
}

/// Reads a text as JSON.
///
/// # Errors
///
/// Where the text stops being JSON.
pub(crate) fn of_json(
    text: &str,
    start: usize,
    problems: &mut Vec<Problem>,
) -> Result<Rc<Tree>, Box<Problem>> {
    let mut places = Places::of_at_most(MOST, text.len());
    match json::read(Layer::file(text, start), &mut places) {
        Ok(value) => Ok(of_value(value, problems)),
        Err(fault) => {
            let at =
                |range: std::ops::Range<usize>| Span::new(start + range.start, start + range.end);
            let mut problem = Problem::invalid_json(fault.subject, fault.message, at(fault.range));
            problem.help = fault.help;
            let related = fault.related.into_iter();
            problem.related = related.map(|(range, words)| (at(range), words)).collect();
            Err(Box::new(problem))
        }
    }
}

fn of_value(value: Value<'_>, problems: &mut Vec<Problem>) -> Rc<Tree> {
    let node = match value.kind() {
        Json::Null => Node::Null,
        Json::Boolean => Node::Boolean(value.raw() == "true"),
        Json::Number => Node::Number(value.raw().to_owned()),
        Json::String => value.string().map_or(Node::Null, text),
        Json::Array => {
            let elements = value.elements().into_iter();
            Node::List(elements.map(|v| of_value(v, problems)).collect())
        }
        Json::Object => {
            let members = value.members().into_iter();
            let members = members.map(|m| {
                let span = m.key.span;
                let key = Tree {
                    node: text(m.key),
                    span,
                    tag: None,
                };
                (Rc::new(key), of_value(m.value, problems))
            });
            let members = members.collect();
            Node::Map(each_once(members, problems))
        }
    };
    Rc::new(Tree {
        node,
        span: value.label(),
        tag: None,
    })
}

fn text(text: Text) -> Node {
    Node::Text(text.value, text.offsets.map(Vec::from))
}

/// Reads a text as YAML; `what` it is, for messages.
///
/// # Errors
///
/// What makes the text no YAML, or more than one document.
pub(crate) fn of_yaml(
    text: &str,
    start: usize,
    what: &'static str,
    problems: &mut Vec<Problem>,
) -> Result<Rc<Tree>, Box<Problem>> {
    let limits = Limits {
        most: MOST,
        what,
        has_unique_keys: false,
    };
    let tree = yaml::parse(text, start, limits).map_err(|all| {
        let none = || Problem::invalid_json("syntax", "this is not YAML", Span::new(start, start));
        Box::new(all.into_iter().next().unwrap_or_else(none))
    })?;
    if let Some((place, count)) = tree.aliases().filter(|_| what == TEMPLATE) {
        problems.push(alias(place, count));
    }
    let mut reader = Yaml {
        tree: &tree,
        known: FxHashMap::default(),
        problems,
        merge: None,
        is_template: what == TEMPLATE,
        conditions: { tree.get(tree.root(), "Conditions") }
            .map_or_else(Vec::new, |(_, all)| tree.keys(all).collect()),
    };
    let root = reader.node(tree.root());
    match reader.merge {
        None => Ok(root),
        Some(place) => {
            let message = match what {
                TEMPLATE => "CloudFormation takes no merge key `<<`".to_owned(),
                _ => format!("{} has no merge key `<<`", with_article(what)),
            };
            let problem = Problem::invalid_json("syntax", message, place);
            Err(Box::new(problem.with_help("write the entries out")))
        }
    }
}

/// The subject of the problem that aliases are.
pub(crate) const ALIAS: &str = "alias";

/// Aliases, which CloudFormation refuses and its tools write out.
///
/// Its answer is "YAML aliases are not allowed in CloudFormation templates":
/// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/613>. `package` writes them out since
/// <https://github.com/aws/aws-cli/pull/3827>.
fn alias(place: Span, count: usize) -> Problem {
    let more = match count {
        1 => String::new(),
        _ => format!(", the first of {count}"),
    };
    let message =
        format!("this is an alias of YAML{more}: CloudFormation refuses the template as it is");
    Problem::unresolved(ALIAS, message, place).accepted().with_help(
        "deploy what `aws cloudformation package` or `sam build` makes of it, which write aliases out; or write the values out",
    )
}

struct Yaml<'t, 'p> {
    tree: &'t yaml::Tree<'t>,
    /// Values that are read already: an alias is the value that it names.
    known: FxHashMap<Id, Rc<Tree>>,
    problems: &'p mut Vec<Problem>,
    /// The first key that merges another map into its own.
    merge: Option<Span>,
    /// Whether CloudFormation reads the text.
    is_template: bool,
    /// The names of its conditions: texts, however they are written.
    conditions: Vec<&'t str>,
}

impl Yaml<'_, '_> {
    fn node(&mut self, id: Id) -> Rc<Tree> {
        if let Some(known) = self.known.get(&id) {
            return Rc::clone(known);
        }
        let node = match self.tree.value(id) {
            yaml::Value::Null => Node::Null,
            yaml::Value::Scalar(scalar) => self.scalar(id, scalar, self.is_template),
            yaml::Value::List(items) => {
                let items = items.to_vec();
                Node::List(items.into_iter().map(|item| self.node(item)).collect())
            }
            yaml::Value::Map => {
                let entries = self.tree.entries(id).to_vec();
                if let Some((key, _)) = entries.iter().find(|(key, _)| self.tree.is_merge(*key)) {
                    self.merge.get_or_insert(self.tree.span(*key));
                }
                let entries = entries.into_iter();
                let entries = entries.map(|(k, v)| (self.key(k), self.node(v))).collect();
                Node::Map(each_once(entries, self.problems))
            }
        };
        let read = Rc::new(Tree {
            node,
            span: self.tree.span(id),
            tag: self.tree.tag(id).map(str::to_owned),
        });
        self.known.insert(id, Rc::clone(&read));
        read
    }

    /// A key is a text, however it is written.
    fn key(&mut self, id: Id) -> Rc<Tree> {
        let yaml::Value::Scalar(scalar) = self.tree.value(id) else {
            return self.node(id);
        };
        Rc::new(Tree {
            node: self.scalar(id, scalar, false),
            span: self.tree.span(id),
            tag: self.tree.tag(id).map(str::to_owned),
        })
    }

    fn scalar(&self, id: Id, scalar: &str, is_template: bool) -> Node {
        let is_plain = self.tree.style(id) == Some(yaml::Style::Plain);
        if is_plain && self.tree.tag(id).is_none() {
            let is_name = || self.conditions.contains(&scalar);
            match version_1_1::scalar(scalar).filter(|_| is_template && !is_name()) {
                Some(version_1_1::Scalar::Boolean(value)) => return Node::Boolean(value),
                Some(version_1_1::Scalar::Number(text)) => return Node::Number(text),
                None => {}
            }
            match scalar {
                "true" | "True" | "TRUE" => return Node::Boolean(true),
                "false" | "False" | "FALSE" => return Node::Boolean(false),
                _ if serde_json::from_str::<serde_json::Number>(scalar).is_ok() => {
                    return Node::Number(scalar.to_owned());
                }
                _ => {}
            }
        }
        match self.tree.scalar(id) {
            Some(yaml::Scalar::Plain(text)) => Node::Text(text, None),
            Some(yaml::Scalar::Mapped(text, offsets)) => Node::Text(text, Some(offsets)),
            // Places that are not found are the beginning of the value.
            None => {
                let span = self.tree.span(id);
                let mut offsets = vec![span.start; scalar.len()];
                offsets.push(span.end);
                Node::Text(scalar.to_owned(), Some(offsets))
            }
        }
    }
}

/// The entries of a map, of a repeated key the last one. Repeated keys are reported.
fn each_once(
    entries: Vec<(Rc<Tree>, Rc<Tree>)>,
    problems: &mut Vec<Problem>,
) -> Vec<(Rc<Tree>, Rc<Tree>)> {
    let mut last: FxHashMap<String, usize> = FxHashMap::default();
    let mut has_repeated = false;
    for (at, (key, _)) in entries.iter().enumerate() {
        let Some(text) = key.text() else { continue };
        if let Some(first) = last.insert(text.to_owned(), at) {
            has_repeated = true;
            let first = entries.get(first).map_or(key.span, |(k, _)| k.span);
            problems.push(Problem::duplicate_key(text, key.span, first));
        }
    }
    if !has_repeated {
        return entries;
    }
    let is_last = |(at, (key, _)): &(usize, (Rc<Tree>, Rc<Tree>))| {
        key.text().is_none_or(|text| last.get(text) == Some(at))
    };
    let kept = entries.into_iter().enumerate().filter(is_last);
    kept.map(|(_, entry)| entry).collect()
}
