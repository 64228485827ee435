//! Values of the kind that a key has; of another kind they are problems.

use super::Reader;
use crate::cluster::{ConfigProblem, fact};
use crate::parser::yaml::{Id, Value};
use crate::parser::{Span, Spanned, shorten};

/// The help for a key without a value.
const GIVE_IT_ONE: &str = "give it a value, or take the key out";

/// A text, and where it stands byte for byte, if it does.
pub(super) struct Text {
    pub(super) value: Spanned<String>,
    pub(super) literal: Option<Span>,
}

impl Reader<'_> {
    /// Key and value of a key that is read; nothing where its value is missing or is no value of YAML.
    fn entry(&mut self, map: Id, key: &str) -> Option<(Id, Id)> {
        let (name, value) = self.tree.get(map, key)?;
        if self.report_tag(value, key) {
            return None;
        }
        if let Value::Null = self.tree.value(value) {
            let message = format!("`{key}` has no value");
            self.facts
                .report(ConfigProblem::new(message, self.tree.span(name)).with_help(GIVE_IT_ONE));
            return None;
        }
        Some((name, value))
    }

    /// Reports a tag such as `!Ref`: what is read behind it is not the value.
    fn report_tag(&mut self, value: Id, key: &str) -> bool {
        let Some(tag) = self.tree.tag(value) else {
            return false;
        };
        let message = format!(
            "the tag `{}` at `{key}` stands for a value that is not here",
            shorten(tag)
        );
        let problem = ConfigProblem::new(message, self.tree.span(value));
        self.facts.report(problem.with_help(
            "ParallelCluster takes plain values only: write the value that the tag stands for",
        ));
        true
    }

    pub(super) fn map(&mut self, parent: Id, key: &str) -> Option<(Id, Id)> {
        let (name, value) = self.entry(parent, key)?;
        if let Value::Map = self.tree.value(value) {
            return Some((name, value));
        }
        self.report_kind(value, &format!("`{key}`"), "a map");
        None
    }

    pub(super) fn list(&mut self, parent: Id, key: &str) -> Vec<Id> {
        let Some((_, value)) = self.entry(parent, key) else {
            return Vec::new();
        };
        if let Value::List(items) = self.tree.value(value) {
            self.tree.count(items.len());
            // The values read so far are dropped in this case.
            if self.tree.is_exhausted() {
                return Vec::new();
            }
            let mut items = items.to_vec();
            items.retain(|item| !self.report_tag(*item, key));
            return items;
        }
        self.report_kind(value, &format!("`{key}`"), "a list");
        Vec::new()
    }

    /// A list of maps.
    pub(super) fn maps(&mut self, parent: Id, key: &str) -> Vec<Id> {
        let mut items = self.list(parent, key);
        items.retain(|item| {
            let is_map = matches!(self.tree.value(*item), Value::Map);
            if !is_map {
                self.report_kind(*item, &format!("an item of `{key}`"), "a map");
            }
            is_map
        });
        items
    }

    pub(super) fn text(&mut self, parent: Id, key: &str) -> Option<Text> {
        let (_, value) = self.entry(parent, key)?;
        self.scalar(value, key)
    }

    pub(super) fn scalar(&mut self, value: Id, key: &str) -> Option<Text> {
        let Value::Scalar(text) = self.tree.value(value) else {
            self.report_kind(value, &format!("`{key}`"), "a text");
            return None;
        };
        let span = self.tree.span(value);
        if text.is_empty() {
            let problem = ConfigProblem::new(format!("`{key}` is empty"), span);
            self.facts.report(problem.with_help(GIVE_IT_ONE));
            return None;
        }
        if let Some(found) = fact::leftover(text) {
            self.facts.report(fact::placeholder(found, span));
            return None;
        }
        Some(Text {
            value: Spanned {
                value: text.to_owned(),
                span,
            },
            literal: self.tree.literal(value),
        })
    }

    pub(super) fn boolean(&mut self, parent: Id, key: &str) -> Option<Spanned<bool>> {
        let text = self.text(parent, key)?.value;
        let read = fact::boolean(&text.value);
        if read.is_none() {
            self.facts
                .report_choice("a Boolean", &text, &["true", "false"]);
        }
        Some(Spanned {
            value: read?,
            span: text.span,
        })
    }

    fn report_kind(&mut self, value: Id, what: &str, wanted: &str) {
        let span = self.tree.span(value);
        // `{{ x }}` without quotes is a map in a map to YAML.
        if let Some(found) = self.tree.template(value) {
            self.facts.report(fact::placeholder(found, span));
            return;
        }
        let is = match self.tree.value(value) {
            Value::Null => "nothing",
            Value::Scalar(_) => "a text",
            Value::List(_) => "a list",
            Value::Map => "a map",
        };
        let problem = ConfigProblem::new(format!("{what} is {is}, not {wanted}"), span);
        self.facts.report(problem.with_help(
            "https://docs.aws.amazon.com/parallelcluster/latest/ug/cluster-configuration-file-v3.html shows its form",
        ));
    }
}
