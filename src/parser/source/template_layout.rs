//! How a template is written: its values with their tokens, for edits.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::Span;
use crate::parser::tree::{self, Node, Tree};

/// A template as it is written. A value that several aliases share is a part once.
#[derive(Debug)]
pub(crate) struct Layout {
    parts: Vec<Part>,
    by_span: FxHashMap<Span, usize>,
    /// True for JSON, which has neither comments nor plain texts.
    pub(crate) is_json: bool,
}

/// A value, as it is written.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    /// The value: a text without its quotes.
    pub(crate) span: Span,
    /// With its quotes, and a block list with its first dash.
    pub(crate) token: Span,
    pub(crate) tag: Option<String>,
    pub(crate) parent: Option<usize>,
    /// True where several places of the template have the value.
    pub(crate) is_shared: bool,
}

/// The kinds of parts; lists and maps name theirs by index.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A text, with the place of each byte where it is not written as it is.
    Text(String, Option<Vec<u32>>),
    /// Another scalar, as it is written.
    Scalar(String),
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
}

impl Layout {
    /// The layout of a template; `None` for another text.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start = text.len() - body.len();
        let mut problems = Vec::new();
        let is_braced = body.trim_start().starts_with('{');
        let of_json = is_braced.then(|| tree::of_json(body, start, &mut problems).ok());
        let (tree, is_json) = match of_json.flatten() {
            Some(tree) => (tree, true),
            None => (
                tree::of_yaml(body, start, tree::TEMPLATE, &mut problems).ok()?,
                false,
            ),
        };
        // If a key is given twice, one of its values is not in the tree.
        if problems.iter().any(|problem| problem.rejected) {
            return None;
        }
        tree.get("Resources")?;
        let mut layout = Layout {
            parts: Vec::new(),
            by_span: FxHashMap::default(),
            is_json,
        };
        let mut known = FxHashMap::default();
        layout.add(&tree, None, text, &mut known);
        Some(layout)
    }

    fn add(
        &mut self,
        tree: &Rc<Tree>,
        parent: Option<usize>,
        text: &str,
        known: &mut FxHashMap<*const Tree, usize>,
    ) -> usize {
        let is_shared = parent.is_some() && Rc::strong_count(tree) > 1;
        if is_shared && let Some(at) = known.get(&Rc::as_ptr(tree)) {
            return *at;
        }
        let at = self.parts.len();
        let kind = match &tree.node {
            Node::Text(value, places) => Kind::Text(value.clone(), places.clone()),
            Node::Number(value) => Kind::Scalar(value.clone()),
            Node::Boolean(value) => Kind::Scalar(value.to_string()),
            Node::Null => Kind::Scalar("null".to_owned()),
            Node::List(_) => Kind::List(Vec::new()),
            Node::Map(_) => Kind::Map(Vec::new()),
        };
        let token = match kind {
            Kind::Text(..) => with_quotes(text, tree.span),
            _ => tree.span,
        };
        self.parts.push(Part {
            kind,
            span: tree.span,
            token,
            tag: tree.tag.clone(),
            parent,
            is_shared,
        });
        if is_shared {
            known.insert(Rc::as_ptr(tree), at);
        }
        if tree.span.start < tree.span.end {
            self.by_span.entry(tree.span).or_insert(at);
        }
        let kind = match &tree.node {
            Node::List(elements) => {
                let elements = elements.iter().map(|e| self.add(e, Some(at), text, known));
                Kind::List(elements.collect())
            }
            Node::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = self.add(key, Some(at), text, known);
                    (key, self.add(value, Some(at), text, known))
                });
                Kind::Map(entries.collect())
            }
            _ => return at,
        };
        // The reader begins a list whose dashes stand below its key at the first element.
        let first = match &kind {
            Kind::List(elements) => elements.first().and_then(|first| self.parts.get(*first)),
            _ => None,
        };
        let first = first.map(|first| first.token.start);
        if let Some(part) = self.parts.get_mut(at) {
            let start = part.span.start as usize;
            let head = without_comment(text.get(..start).unwrap_or_default());
            let is_tagged = text.get(start..).is_some_and(|t| t.starts_with(['!', '&']));
            let lead = first.and_then(|first| text.get(start..first as usize));
            if part.tag.is_none()
                && (is_tagged || lead.is_some_and(is_blank))
                && head.ends_with('-')
            {
                part.token.start = head.len() as u32 - 1;
            }
            part.kind = kind;
        }
        at
    }

    /// The index of the part at a place.
    pub(crate) fn at(&self, span: Span) -> Option<usize> {
        self.by_span.get(&span).copied()
    }

    pub(crate) fn part(&self, at: usize) -> Option<&Part> {
        self.parts.get(at)
    }

    /// The text of a part that is one.
    pub(crate) fn text(&self, at: usize) -> Option<&str> {
        match &self.part(at)?.kind {
            Kind::Text(text, _) | Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn elements(&self, at: usize) -> &[usize] {
        match self.part(at).map(|part| &part.kind) {
            Some(Kind::List(elements)) => elements,
            _ => &[],
        }
    }

    /// The lists of the template.
    pub(crate) fn lists(&self) -> impl Iterator<Item = usize> {
        let parts = self.parts.iter().enumerate();
        let lists = parts.filter(|(_, part)| matches!(part.kind, Kind::List(_)));
        lists.map(|(at, _)| at)
    }

    /// The entries of a map.
    pub(crate) fn entries(&self, at: usize) -> &[(usize, usize)] {
        match self.part(at).map(|part| &part.kind) {
            Some(Kind::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// The value of a key of a map.
    pub(crate) fn get(&self, map: usize, key: &str) -> Option<usize> {
        let mut entries = self.entries(map).iter();
        let found = entries.find(|(k, _)| self.text(*k) == Some(key));
        found.map(|(_, value)| *value)
    }

    /// The text that a place lies in.
    pub(crate) fn text_around(&self, span: Span) -> Option<usize> {
        self.parts.iter().position(|part| {
            matches!(part.kind, Kind::Text(..))
                && part.span.start <= span.start
                && span.end <= part.span.end
        })
    }

    /// Whether a part is a call of a function, rather than what it seems.
    pub(crate) fn is_call(&self, at: usize) -> bool {
        let is_function = |(key, _): &(usize, usize)| {
            let key = self.text(*key).unwrap_or_default();
            key == "Ref" || key.starts_with("Fn::")
        };
        let is_tagged = self.part(at).is_some_and(|part| part.tag.is_some());
        is_tagged || self.entries(at).iter().any(is_function)
    }

    /// Whether a text is an argument of a function that makes another text of it. The branches of `Fn::If` are values.
    pub(crate) fn is_argument(&self, at: usize) -> bool {
        let parent = |at: usize| self.part(at).and_then(|part| part.parent);
        let Some(mut of) = parent(at) else {
            return false;
        };
        let is_tagged = |at: usize| self.part(at).is_some_and(|part| part.tag.is_some());
        if !self.elements(of).is_empty() && !is_tagged(of) {
            of = parent(of).unwrap_or(of);
        }
        let tag = self.part(of).and_then(|part| part.tag.as_deref());
        let is_branch = |(key, _): &(usize, usize)| self.text(*key) == Some("Fn::If");
        self.is_call(of) && tag != Some("!If") && !self.entries(of).iter().any(is_branch)
    }

    /// The outermost function that makes a value, or leaves it out, below the part at `within`; else the value itself.
    fn outermost(&self, span: Span, within: Span) -> Option<usize> {
        let mut at = self.at(span)?;
        let mut found = at;
        loop {
            let part = self.part(at)?;
            if part.span == within {
                return Some(found);
            }
            if self.is_call(at) {
                found = at;
            }
            at = part.parent?;
        }
    }

    /// Whether no function makes a value, or leaves it out, below the part at `within`.
    pub(crate) fn is_fixed(&self, span: Span, within: Span) -> bool {
        let found = self.outermost(span, within);
        found.is_some_and(|at| !self.is_call(at))
    }

    /// Whether two values of the parts at `within` that are equal now stay so whatever the parameters are: both are
    /// literal, or the same calls make them.
    pub(crate) fn stay_equal(&self, text: &str, one: (Span, Span), other: (Span, Span)) -> bool {
        let found = [one, other].map(|(span, within)| self.outermost(span, within));
        let [Some(one), Some(other)] = found else {
            return false;
        };
        match (self.is_call(one), self.is_call(other)) {
            (false, false) => true,
            (true, true) => one != other && self.written(text, one) == self.written(text, other),
            _ => false,
        }
    }

    /// The calls in the part at a place, as they are written.
    pub(crate) fn calls<'t>(&self, text: &'t str, span: Span) -> BTreeSet<(&str, &'t str)> {
        let mut found = BTreeSet::new();
        let mut left: Vec<usize> = self.at(span).into_iter().collect();
        while let Some(at) = left.pop() {
            if self.is_call(at) {
                found.insert(self.written(text, at));
                continue;
            }
            match self.part(at).map(|part| &part.kind) {
                Some(Kind::List(all)) => left.extend(all),
                Some(Kind::Map(all)) => left.extend(all.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        found
    }

    /// The tag and the text of a part.
    fn written<'t>(&self, text: &'t str, at: usize) -> (&str, &'t str) {
        let part = self.part(at);
        let tag = part.and_then(|part| part.tag.as_deref());
        let span = part.map(|part| part.span).unwrap_or_default();
        let text = text.get(span.range()).unwrap_or_default();
        (tag.unwrap_or_default(), text)
    }

    /// The root, whose parts are all others.
    pub(crate) const ROOT: usize = 0;
}

/// A text without the blanks and the comment at its end.
fn without_comment(text: &str) -> &str {
    let text = text.trim_end();
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    let comment = text.get(line..).and_then(|line| line.find(" #"));
    let text = comment.and_then(|at| text.get(..line + at)).unwrap_or(text);
    text.trim_end()
}

/// Whether there is nothing but blanks, line ends and comments.
fn is_blank(text: &str) -> bool {
    let before_comment = |line: &str| line.split('#').next().unwrap_or_default().trim().is_empty();
    text.lines().all(before_comment)
}

/// A text with its quotes, where it has some.
fn with_quotes(text: &str, span: Span) -> Span {
    let bytes = text.as_bytes();
    let before = (span.start as usize).checked_sub(1);
    let before = before.and_then(|at| bytes.get(at));
    let after = bytes.get(span.end as usize);
    match (before, after) {
        (Some(open @ (b'"' | b'\'')), Some(close)) if open == close => Span {
            start: span.start - 1,
            end: span.end + 1,
        },
        _ => span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list whose dashes stand below its key begins at the first dash, too.
    #[test]
    fn lists_begin_with_their_first_dash() {
        for text in [
            "Resources:\n  A:\n  - a\n  - b\n",
            "Resources:\n  A:\n    - a\n    - b\n",
            "Resources:\n  A: # why\n  # where\n  -\n    a\n  - b\n",
            "Resources:\n  A:\n  - # why\n    a\n  - b\n",
            "Resources:\n  - A:\n    - a\n    - b\n",
            "Resources:\n  A:\n  - {c: a}\n  - b\n",
            "Resources:\n  A:\n  - !Ref a\n  - b\n",
            "Resources:\n  A:\n  - 'a'\n  - b\n",
        ] {
            let layout = Layout::of(text).unwrap();
            for list in layout.lists() {
                let span = layout.part(list).unwrap().token;
                let written = text.get(span.range()).unwrap();
                assert!(written.starts_with('-'), "{text}: {written}");
                assert!(written.ends_with('b'), "{text}: {written}");
            }
        }
    }
}
