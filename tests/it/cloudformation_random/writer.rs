//! Writes a policy as a template, in a spelling chosen at random, and remembers where each token is.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::common::chance::Chance;
use crate::common::template::{Made, begin, end};

/// What a mark is around.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// The parts of the policy, by their pointers.
    pub(super) of: Vec<String>,
    /// A range of the text of a part that is written as it is.
    pub(super) range: Option<Range<usize>>,
    /// The text of that range.
    pub(super) text: String,
}

/// Writes a policy with marks: as plain JSON, or with functions.
pub(super) struct Writer<'c> {
    chance: &'c mut Chance,
    pub(super) marks: Vec<Mark>,
    has_functions: bool,
    pub(super) parameters: Vec<(Made, Made)>,
    pub(super) mappings: Vec<(Made, Made)>,
    /// Values with anchors, by their content.
    anchors: BTreeMap<String, Anchor>,
}

/// A value that aliases may name.
#[derive(Clone)]
struct Anchor {
    name: String,
    /// The part of the policy that it was written for.
    at: String,
    made: Made,
    marks: Range<usize>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(chance: &'c mut Chance, has_functions: bool) -> Self {
        Writer {
            chance,
            marks: Vec::new(),
            has_functions,
            parameters: Vec::new(),
            mappings: Vec::new(),
            anchors: BTreeMap::new(),
        }
    }

    fn coin(&mut self, n: usize) -> bool {
        self.has_functions && self.chance.rarely(n)
    }

    fn mark(&mut self, of: &str) -> usize {
        self.marks.push(Mark {
            of: vec![of.to_owned()],
            range: None,
            text: String::new(),
        });
        self.marks.len() - 1
    }

    fn marked(&mut self, at: &str, made: Made) -> Made {
        Made::Marked(self.mark(at), Box::new(made))
    }

    /// A part of a text as it is, with a mark around it.
    fn literal(&mut self, at: &str, text: &str, range: Range<usize>, is_own: bool) -> String {
        let part = &text[range.clone()];
        if !is_own {
            return part.to_owned();
        }
        let id = self.mark(at);
        self.marks[id].range = Some(range);
        part.clone_into(&mut self.marks[id].text);
        format!("{}{part}{}", begin(id), end(id))
    }

    fn key(&mut self, at: &str, text: &str) -> Made {
        let text = self.literal(&format!("{at}#key"), text, 0..text.len(), true);
        Made::Text(text)
    }

    /// The value of a part of the policy.
    pub(super) fn value(&mut self, at: &str, value: &Value) -> Made {
        let content = value.to_string();
        let known = self.anchors.get(&content).cloned();
        if let Some(Anchor {
            name,
            at: of,
            made,
            marks,
        }) = known
            && self.coin(2)
        {
            for mark in &mut self.marks[marks] {
                let own = mark.of.iter().filter_map(|own| own.strip_prefix(&of));
                let more: Vec<String> = own.map(|rest| format!("{at}{rest}")).collect();
                mark.of.extend(more);
            }
            return Made::Alias(name, Box::new(made));
        }
        let first = self.marks.len();
        let made = match value {
            Value::String(text) => self.text(at, text, 0..text.len(), 0, true),
            Value::Array(all) => self.list(at, all),
            Value::Object(members) => {
                let mut all = Vec::new();
                for (key, value) in members {
                    let at = format!("{at}/{key}");
                    all.push((self.key(&at, key), self.value(&at, value)));
                }
                Made::Map(all)
            }
            other => Made::Raw(other.to_string()),
        };
        let made = self.chosen(made, at);
        let made = self.marked(at, made);
        if !self.coin(3) {
            return made;
        }
        let name = format!("a{}", self.marks.len());
        let anchor = Anchor {
            name: name.clone(),
            at: at.to_owned(),
            made: made.clone(),
            marks: first..self.marks.len(),
        };
        self.anchors.insert(content, anchor);
        // The mark is around the anchor.
        Made::Anchor(name, Box::new(made))
    }

    /// A value as it is, or as the branch of a condition.
    fn chosen(&mut self, made: Made, at: &str) -> Made {
        // What a document is, is read without a condition.
        if at.is_empty() || at == "/Statement" || !self.coin(9) {
            return made;
        }
        let other = match self.chance.below(2) {
            0 => Made::no_value(),
            _ => Made::text("s3:other"),
        };
        let yes = self.chance.rarely(2);
        let name = *self.chance.one(if yes { YES } else { NO });
        let branches = if yes { [made, other] } else { [other, made] };
        let [first, second] = branches;
        Made::call("Fn::If", vec![Made::text(name), first, second])
    }

    fn list(&mut self, at: &str, all: &[Value]) -> Made {
        let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
        if let Some(texts) = texts
            && self.coin(6)
            && !texts.iter().any(|t| t.contains([',', ' ', '|']))
        {
            // All of them stand where the call is.
            let id = self.mark(&format!("{at}/0"));
            for nth in 1..texts.len() {
                self.marks[id].of.push(format!("{at}/{nth}"));
            }
            let made = match self.chance.below(3) {
                0 => {
                    let default = texts.join(*self.chance.one(&[",", ", "]));
                    self.parameter("CommaDelimitedList", &default)
                }
                1 => {
                    let all = texts.iter().map(|t| Made::text(*t)).collect();
                    self.mapping(Made::List(all))
                }
                _ => {
                    let text = texts.join("|");
                    Made::call("Fn::Split", vec![Made::text("|"), Made::Text(text)])
                }
            };
            return Made::Marked(id, Box::new(made));
        }
        let mut elements = Vec::new();
        for (nth, value) in all.iter().enumerate() {
            if self.coin(12) {
                elements.push(match self.chance.below(2) {
                    0 => Made::no_value(),
                    _ => Made::call(
                        "Fn::If",
                        vec![
                            Made::text(*self.chance.one(NO)),
                            Made::text("x"),
                            Made::no_value(),
                        ],
                    ),
                });
            }
            elements.push(self.value(&format!("{at}/{nth}"), value));
        }
        Made::List(elements)
    }

    fn parameter(&mut self, kind: &str, default: &str) -> Made {
        let name = format!("P{}", self.parameters.len());
        let entry = Made::map([("Type", Made::text(kind)), ("Default", Made::text(default))]);
        self.parameters.push((Made::text(&name), entry));
        Made::Call("Ref", Box::new(Made::Text(name)))
    }

    fn mapping(&mut self, value: Made) -> Made {
        let name = format!("M{}", self.mappings.len());
        let other = Made::map([("key", Made::text("other"))]);
        let entry = Made::Map(vec![
            (Made::text("eu-west-1"), other),
            (
                Made::text("us-east-1"),
                Made::Map(vec![(Made::text("key"), value)]),
            ),
        ]);
        self.mappings.push((Made::text(&name), entry));
        let region = match self.chance.below(2) {
            0 => Made::text("us-east-1"),
            _ => Made::Call("Ref", Box::new(Made::text("AWS::Region"))),
        };
        Made::call(
            "Fn::FindInMap",
            vec![Made::Text(name), region, Made::text("key")],
        )
    }

    /// A range of a text of the policy, in one of the ways to write it; `is_own` where it stands at its own place.
    fn text(
        &mut self,
        at: &str,
        text: &str,
        range: Range<usize>,
        depth: usize,
        is_own: bool,
    ) -> Made {
        let way = if self.has_functions && depth < 3 {
            self.chance.below(14)
        } else {
            0
        };
        let part = &text[range.clone()];
        match way {
            6..=8 => self.sub(at, text, range, depth, is_own),
            9 => {
                let cuts = self.cuts(text, range);
                let parts = cuts.windows(2).map(|w| w[0]..w[1]).collect::<Vec<_>>();
                let parts = parts
                    .into_iter()
                    .map(|r| self.text(at, text, r, depth + 1, is_own));
                let parts = parts.collect();
                Made::call("Fn::Join", vec![Made::text(""), Made::List(parts)])
            }
            10 if part.contains(':') && !part.contains("${") => {
                let mut from = range.start;
                let mut parts = Vec::new();
                for piece in part.split(':') {
                    let range = from..from + piece.len();
                    parts.push(self.text(at, text, range, depth + 1, is_own));
                    from += piece.len() + 1;
                }
                Made::call("Fn::Join", vec![Made::text(":"), Made::List(parts)])
            }
            10 | 11 => {
                let own = self.text(at, text, range, depth + 1, is_own);
                let (index, all) = match self.chance.below(3) {
                    0 => (Made::Raw("0".to_owned()), vec![own, Made::text("x")]),
                    1 => (Made::text("1"), vec![Made::text("x"), own, Made::text("x")]),
                    _ => {
                        let joined = vec![Made::text("x|"), own, Made::text("|x")];
                        let joined =
                            Made::call("Fn::Join", vec![Made::text(""), Made::List(joined)]);
                        let split = Made::call("Fn::Split", vec![Made::text("|"), joined]);
                        return Made::call("Fn::Select", vec![Made::Raw("1".to_owned()), split]);
                    }
                };
                Made::call("Fn::Select", vec![index, Made::List(all)])
            }
            12 if !part.is_empty() => self.parameter("String", part),
            13 => self.mapping(Made::text(part)),
            _ => Made::Text(self.literal(at, text, range, is_own)),
        }
    }

    /// Places to cut a range at, its ends among them; the variables of policies stay whole.
    fn cuts(&mut self, text: &str, range: Range<usize>) -> Vec<usize> {
        let mut cuts = vec![range.start, range.end];
        for _ in 0..self.chance.below(3) {
            let at = range.start + self.chance.below(range.len() + 1);
            let open = text[..at]
                .rfind("${")
                .filter(|open| !text[*open..at].contains('}'));
            let is_inside = open.is_some() || text[..at].ends_with('$');
            if text.is_char_boundary(at) && !is_inside {
                cuts.push(at);
            }
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    fn sub(
        &mut self,
        at: &str,
        text: &str,
        range: Range<usize>,
        depth: usize,
        is_own: bool,
    ) -> Made {
        let mut map: Vec<(Made, Made)> = Vec::new();
        let mut written = String::new();
        let cuts = self.cuts(text, range.clone());
        for part in cuts.windows(2).map(|w| w[0]..w[1]) {
            let is_known = |range: &Range<usize>| match &text[range.clone()] {
                "us-east-1" => Some("AWS::Region"),
                "123456789012" => Some("AWS::AccountId"),
                "aws" => Some("AWS::Partition"),
                _ => None,
            };
            match self.chance.below(4) {
                0 => {
                    let name = match self.parameter("String", &text[part.clone()]) {
                        Made::Call(_, name) => *name,
                        _ => unreachable!(),
                    };
                    let Made::Text(name) = name else {
                        unreachable!()
                    };
                    written.push_str(&format!("${{{name}}}"));
                }
                1 => {
                    let name = format!("X{}", map.len());
                    let blank = if self.chance.rarely(4) { " " } else { "" };
                    written.push_str(&format!("${{{blank}{name}{blank}}}"));
                    let value = self.text(at, text, part, depth + 1, false);
                    map.push((Made::Text(name), value));
                }
                _ => {
                    // The fields of an ARN that CloudFormation knows.
                    let mut done = part.start;
                    let mut at_field = part.start;
                    for field in text[part.clone()].split(':') {
                        let field = at_field..at_field + field.len();
                        at_field = field.end + 1;
                        let Some(name) = is_known(&field).filter(|_| self.chance.rarely(2)) else {
                            continue;
                        };
                        self.escape(at, text, done..field.start, is_own, &mut written);
                        written.push_str(&format!("${{{name}}}"));
                        done = field.end;
                    }
                    self.escape(at, text, done..part.end, is_own, &mut written);
                }
            }
        }
        let written = Made::Text(written);
        if map.is_empty() && !self.chance.rarely(6) {
            return Made::Call("Fn::Sub", Box::new(written));
        }
        map.push((Made::text("Unused"), Made::text("x")));
        Made::call("Fn::Sub", vec![written, Made::Map(map)])
    }

    /// Writes a range for `Fn::Sub`, which takes `${!x}` for `${x}`.
    fn escape(
        &mut self,
        at: &str,
        text: &str,
        range: Range<usize>,
        is_own: bool,
        out: &mut String,
    ) {
        if !text[range.clone()].contains("${") {
            out.push_str(&self.literal(at, text, range, is_own));
            return;
        }
        let mut from = range.start;
        for (nth, piece) in text[range].split("${").enumerate() {
            if nth > 0 {
                out.push_str("${!");
                from += 2;
            }
            out.push_str(&self.literal(at, text, from..from + piece.len(), is_own));
            from += piece.len();
        }
    }
}

const YES: &[&str] = &["Yes", "NotNo", "Here", "Both", "Either"];

const NO: &[&str] = &["No", "NotYes", "Never"];

/// The template around a document.
pub(super) fn around(
    document: Made,
    parameters: Vec<(Made, Made)>,
    mappings: Vec<(Made, Made)>,
) -> Made {
    let text = |text: &str| Made::text(text);
    let condition = |name: &str| Made::map([("Condition", Made::text(name))]);
    let equals = |one: Made, other: &str| Made::call("Fn::Equals", vec![one, Made::text(other)]);
    let reference = |name: &str| Made::Call("Ref", Box::new(Made::text(name)));
    let conditions = Made::map([
        ("Yes", equals(reference("Stage"), "test")),
        ("No", equals(text("a"), "b")),
        ("NotNo", Made::call("Fn::Not", vec![condition("No")])),
        ("NotYes", Made::call("Fn::Not", vec![condition("Yes")])),
        ("Here", equals(reference("AWS::Region"), "us-east-1")),
        (
            "Both",
            Made::call("Fn::And", vec![condition("Yes"), condition("Here")]),
        ),
        (
            "Either",
            Made::call("Fn::Or", vec![condition("No"), condition("NotNo")]),
        ),
        (
            "Never",
            Made::call("Fn::And", vec![condition("Yes"), condition("No")]),
        ),
    ]);
    let mut all = parameters;
    let stage = Made::map([("Type", text("String")), ("Default", text("test"))]);
    all.push((text("Stage"), stage));
    let trust = Made::map([(
        "Statement",
        Made::map([
            ("Effect", text("Allow")),
            (
                "Principal",
                Made::map([("Service", text("ec2.amazonaws.com"))]),
            ),
            ("Action", text("sts:AssumeRole")),
        ]),
    )]);
    let inline = Made::map([("PolicyName", text("p")), ("PolicyDocument", document)]);
    let role = Made::map([
        ("Type", text("AWS::IAM::Role")),
        (
            "Properties",
            Made::map([
                ("AssumeRolePolicyDocument", trust),
                ("Policies", Made::List(vec![inline])),
            ]),
        ),
    ]);
    let mut template = vec![
        (text("AWSTemplateFormatVersion"), text("2010-09-09")),
        (text("Parameters"), Made::Map(all)),
    ];
    if !mappings.is_empty() {
        template.push((text("Mappings"), Made::Map(mappings)));
    }
    template.push((text("Conditions"), conditions));
    // The word by which a template is recognised.
    template.push((
        Made::Raw("Resources".to_owned()),
        Made::map([("Role", role)]),
    ));
    Made::Map(template)
}
