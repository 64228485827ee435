//! Edits of literal text in the policies of templates, in YAML and in JSON.
//!
//! In a block list the lines of an element go with it, also a comment behind it. Comments on lines of their own stay.

use super::json::{cut_of, escaped, quoted};
use super::{Edit, Obstacle};
use crate::parser::{Element, Layout, LayoutKind as Kind, Source, SourceId, Span};

/// The beginning of a dynamic reference, which CloudFormation replaces when it deploys the template.
const DYNAMIC: &str = "{{resolve:";

/// A template to edit.
pub(super) struct Template<'a> {
    id: SourceId,
    text: &'a str,
    pub(super) layout: &'a Layout,
}

/// Strings of a list, each by its span, and what takes its place.
pub(super) type Changes<'c> = [&'c (Span, Vec<String>)];

impl<'a> Template<'a> {
    pub(super) fn of(id: SourceId, source: &'a Source) -> Result<Self, Obstacle> {
        Ok(Template {
            id,
            text: source.text(),
            layout: source.layout().ok_or(Obstacle::Code)?,
        })
    }

    fn edit(&self, start: u32, end: u32, text: String, strings: Vec<String>) -> Edit {
        Edit {
            source: self.id,
            span: Span { start, end },
            text,
            strings,
        }
    }

    fn slice(&self, start: u32, end: u32) -> &'a str {
        let range = start as usize..end as usize;
        self.text.get(range).unwrap_or_default()
    }

    fn token(&self, at: usize) -> Span {
        self.layout.part(at).map(|p| p.token).unwrap_or_default()
    }

    /// Takes strings out of a list, or whole statements.
    pub(super) fn cut(&self, list: Span, gone: &[Span]) -> Result<Vec<Edit>, Obstacle> {
        let list = self.list(list)?;
        self.cut_of(list, gone)
    }

    /// Takes whole statements out of the lists that they are in.
    pub(super) fn cut_statements(&self, gone: &[Span]) -> Result<Vec<Edit>, Obstacle> {
        let mut lists = Vec::new();
        for span in gone {
            let at = self.layout.at(*span).ok_or(Obstacle::Call)?;
            let list = self.layout.part(at).and_then(|part| part.parent);
            let list = list.ok_or(Obstacle::Call)?;
            let map = self.layout.part(list).and_then(|part| part.parent);
            let own = map.and_then(|map| self.layout.get(map, "Statement"));
            if own == Some(at) {
                return Err(Obstacle::Last);
            }
            if own != Some(list) {
                return Err(self.layout.get(list, "Statement").map_or(
                    Obstacle::Call,
                    // A lone statement, not in a list.
                    |_| Obstacle::Last,
                ));
            }
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
        let mut edits = Vec::new();
        for list in lists {
            edits.extend(self.cut_of(list, gone)?);
        }
        Ok(edits)
    }

    /// The list at a place, where it is written there and nowhere else.
    fn list(&self, span: Span) -> Result<usize, Obstacle> {
        let list = self.layout.at(span).ok_or(Obstacle::Call)?;
        let part = self.layout.part(list).ok_or(Obstacle::Call)?;
        if self.layout.is_call(list) || !matches!(part.kind, Kind::List(_)) {
            return Err(Obstacle::Call);
        }
        Ok(list)
    }

    fn cut_of(&self, list: usize, gone: &[Span]) -> Result<Vec<Edit>, Obstacle> {
        let elements = self.layout.elements(list);
        let goes = |at: &usize| {
            let token = self.token(*at);
            { gone.iter() }.any(|g| token.start <= g.start && g.end <= token.end)
        };
        self.is_editable(list, elements.iter().copied().filter(goes))?;
        if elements.iter().all(goes) {
            return Err(Obstacle::Last);
        }
        if !self.is_flow(list) {
            let items = self.items(list)?;
            let items = items.into_iter().zip(elements);
            let lines = items.filter(|(_, at)| goes(at));
            return lines.map(|(dash, at)| self.lines(dash, *at)).collect();
        }
        let tokens: Vec<Span> = elements.iter().map(|at| self.token(*at)).collect();
        let edits = cut_of(self.id, &tokens, gone).ok_or(Obstacle::Last)?;
        let has_comment = |edit: &Edit| {
            let text = self.slice(edit.span.start, edit.span.end);
            [" #", "\t#", "\n#"].iter().any(|mark| text.contains(mark))
        };
        if !self.layout.is_json && edits.iter().any(has_comment) {
            return Err(Obstacle::Comment);
        }
        Ok(edits)
    }

    /// Whether some elements of a list can be changed: their whole text is literal, and this list alone has it.
    fn is_editable(
        &self,
        list: usize,
        elements: impl Iterator<Item = usize>,
    ) -> Result<(), Obstacle> {
        let mut above = Some(list);
        while let Some(part) = above.and_then(|at| self.layout.part(at)) {
            if part.is_shared {
                return Err(Obstacle::Shared);
            }
            above = part.parent;
        }
        let is_shared = |at: &usize| self.layout.part(*at).is_none_or(|part| part.is_shared);
        if self.layout.elements(list).iter().any(is_shared) {
            return Err(Obstacle::Shared);
        }
        for at in elements {
            self.is_literal(at)?;
        }
        Ok(())
    }

    fn is_literal(&self, at: usize) -> Result<(), Obstacle> {
        let part = self.layout.part(at).ok_or(Obstacle::Call)?;
        if part.is_shared {
            return Err(Obstacle::Shared);
        }
        if self.layout.is_call(at) {
            return Err(Obstacle::Call);
        }
        match &part.kind {
            Kind::Text(text, _) if text.contains(DYNAMIC) => Err(Obstacle::Call),
            Kind::Text(..) | Kind::Scalar(_) => Ok(()),
            Kind::List(elements) => elements.iter().try_for_each(|at| self.is_literal(*at)),
            Kind::Map(entries) => { entries.iter() }
                .flat_map(|(key, value)| [key, value])
                .try_for_each(|at| self.is_literal(*at)),
        }
    }

    /// Whether a list or a map is written in brackets.
    fn is_flow(&self, at: usize) -> bool {
        let span = self.token(at);
        let mut text = self.slice(span.start, span.end);
        while text.starts_with(['!', '&']) {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            text = text.get(end..).unwrap_or_default().trim_start();
        }
        let first = self.layout.elements(at).first();
        text.starts_with(['[', '{']) && first.is_none_or(|at| self.token(*at).start > span.start)
    }

    /// The end of what is written of a part, without comments behind it.
    fn end(&self, at: usize) -> u32 {
        let Some(part) = self.layout.part(at) else {
            return 0;
        };
        match &part.kind {
            Kind::List(all) if !self.is_flow(at) => {
                all.iter().map(|at| self.end(*at)).max().unwrap_or_default()
            }
            Kind::Map(all) if !self.is_flow(at) => {
                let ends = all.iter().flat_map(|(key, value)| [key, value]);
                ends.map(|at| self.end(*at)).max().unwrap_or_default()
            }
            // No text at all, which is nowhere.
            _ if part.token.start == part.token.end => 0,
            _ => part.token.end,
        }
    }

    /// The dashes of the elements of a block list.
    fn items(&self, list: usize) -> Result<Vec<u32>, Obstacle> {
        let mut from = self.token(list).start;
        let mut dashes = Vec::new();
        for at in self.layout.elements(list) {
            let dash = self.after_blank(from);
            let is_dash = self.slice(dash, dash + 1) == "-"
                && !matches!(self.part_of_line(dash + 1).chars().next(), Some(c) if !c.is_whitespace());
            if !is_dash {
                return Err(Obstacle::Lines);
            }
            dashes.push(dash);
            from = self.end(*at).max(dash + 1);
        }
        Ok(dashes)
    }

    /// From a place on, what is neither white space nor a comment.
    fn after_blank(&self, from: u32) -> u32 {
        let mut at = from;
        loop {
            let rest = self.text.get(at as usize..).unwrap_or_default();
            let text = rest.trim_start();
            at += (rest.len() - text.len()) as u32;
            if !text.starts_with('#') {
                return at;
            }
            at += text.find('\n').unwrap_or(text.len()) as u32;
        }
    }

    /// From a place to the end of its line.
    fn part_of_line(&self, at: u32) -> &'a str {
        let rest = self.text.get(at as usize..).unwrap_or_default();
        rest.split('\n').next().unwrap_or_default()
    }

    fn line_start(&self, at: u32) -> u32 {
        let head = self.text.get(..at as usize).unwrap_or_default();
        head.rfind('\n').map_or(0, |end| end as u32 + 1)
    }

    /// Takes an element out of a block list with its lines.
    fn lines(&self, dash: u32, at: usize) -> Result<Edit, Obstacle> {
        let mut start = self.line_start(dash);
        if !self.slice(start, dash).trim().is_empty() {
            return Err(Obstacle::Lines);
        }
        let mut end = self.end(at).max(dash + 1);
        if !self.slice(start, end).ends_with('\n') {
            let rest = self.part_of_line(end);
            let behind = rest.trim_start();
            if !behind.is_empty() && (!behind.starts_with('#') || behind.len() == rest.len()) {
                return Err(Obstacle::Lines);
            }
            end += rest.len() as u32;
            if self.slice(end, end + 1) == "\n" {
                end += 1;
            } else {
                // The last line of a file without an end of line.
                let before = self.text.get(..start as usize).unwrap_or_default();
                let kept = before.strip_suffix('\n').unwrap_or(before);
                start = kept.strip_suffix('\r').unwrap_or(kept).len() as u32;
            }
        }
        Ok(self.edit(start, end, String::new(), Vec::new()))
    }

    /// Puts other strings in the place of some strings of an element.
    pub(super) fn rewrite(
        &self,
        element: &Element,
        changes: &Changes<'_>,
    ) -> Result<Vec<Edit>, Obstacle> {
        let at = self.layout.at(element.value_span).ok_or(Obstacle::Call)?;
        let part = self.layout.part(at).ok_or(Obstacle::Call)?;
        if !matches!(part.kind, Kind::List(_)) {
            let map = part.parent.filter(|_| !self.layout.is_argument(at));
            let map = map.ok_or(Obstacle::Call)?;
            self.is_editable(map, [at].into_iter())?;
            let [(_, texts)] = changes else {
                return Err(Obstacle::Call);
            };
            return Ok(vec![self.lone(at, map, texts)?]);
        }
        let list = self.list(element.value_span)?;
        let elements = self.layout.elements(list);
        let changed = |at: &usize| {
            let token = self.token(*at);
            let mut all = changes.iter();
            all.find(|(span, _)| token.start <= span.start && span.end <= token.end)
        };
        self.is_editable(
            list,
            elements.iter().copied().filter(|at| changed(at).is_some()),
        )?;
        let gone = changes.iter().filter(|(_, texts)| texts.is_empty());
        let gone: Vec<Span> = gone.map(|(span, _)| *span).collect();
        let mut edits = if gone.is_empty() {
            Vec::new()
        } else {
            self.cut_of(list, &gone)?
        };
        let is_flow = self.is_flow(list);
        let dashes = if is_flow {
            Vec::new()
        } else {
            self.items(list)?
        };
        for (nth, at) in elements.iter().enumerate() {
            let Some((_, texts)) = changed(at).filter(|(_, texts)| !texts.is_empty()) else {
                continue;
            };
            let token = self.token(*at);
            let separator = match dashes.get(nth) {
                Some(dash) => {
                    let start = self.line_start(*dash);
                    let indent = self.slice(start, *dash);
                    if !indent.trim().is_empty() {
                        return Err(Obstacle::Lines);
                    }
                    format!("{}{indent}- ", self.end_of_line())
                }
                None => self.separator(list),
            };
            let words = texts.iter().map(|text| self.like(token, text));
            let text = words.collect::<Vec<_>>().join(&separator);
            edits.push(self.edit(token.start, token.end, text, texts.clone()));
        }
        Ok(edits)
    }

    /// The text between two elements of a list in brackets.
    fn separator(&self, list: usize) -> String {
        let span = self.token(list);
        let tokens = self.layout.elements(list).iter().map(|at| self.token(*at));
        let tokens: Vec<Span> = tokens.take(2).collect();
        let between = match tokens.as_slice() {
            [first, second] => self.slice(first.end, second.start).to_owned(),
            [only] => match self.slice(span.start + 1, only.start) {
                blank if blank.contains('\n') => format!(",{blank}"),
                _ => ", ".to_owned(),
            },
            _ => ", ".to_owned(),
        };
        let is_blank = |c: char| c == ',' || c.is_whitespace();
        if between.chars().all(is_blank) {
            between
        } else {
            ", ".to_owned()
        }
    }

    /// Puts strings in the place of the only one, which is in no list.
    fn lone(&self, at: usize, map: usize, texts: &[String]) -> Result<Edit, Obstacle> {
        let token = self.token(at);
        let words: Vec<String> = texts.iter().map(|text| self.like(token, text)).collect();
        let strings = texts.to_vec();
        match words.as_slice() {
            [] => return Err(Obstacle::Last),
            [one] => return Ok(self.edit(token.start, token.end, one.clone(), strings)),
            _ => {}
        }
        let entries = self.layout.entries(map).iter();
        let mut key = entries.filter(|(_, value)| *value == at).map(|(k, _)| *k);
        let key = self.token(key.next_back().ok_or(Obstacle::Call)?);
        if self.is_flow(map) {
            let span = self.token(map);
            if !self.slice(span.start, span.end).contains('\n') {
                let text = format!("[{}]", words.join(", "));
                return Ok(self.edit(token.start, token.end, text, strings));
            }
            let start = self.line_start(key.start);
            let line = self.slice(start, key.start);
            let blank = line.len() - line.trim_start().len();
            let indent = line.get(..blank).unwrap_or_default();
            let end = self.end_of_line();
            let inner = format!("{end}{indent}  ");
            let text = format!("[{inner}{}{end}{indent}]", words.join(&format!(",{inner}")));
            return Ok(self.edit(token.start, token.end, text, strings));
        }
        let between = self.slice(key.end, token.start);
        if between.trim() != ":" {
            return Err(Obstacle::Lines);
        }
        let colon = key.end + between.find(':').unwrap_or_default() as u32 + 1;
        let start = self.line_start(key.start);
        let column = self.slice(start, key.start).chars().count();
        let dash = format!("{}{}  - ", self.end_of_line(), " ".repeat(column));
        let text = format!("{dash}{}", words.join(&dash));
        Ok(self.edit(colon, token.end, text, strings))
    }

    fn end_of_line(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// A string in the style of a token.
    fn like(&self, token: Span, text: &str) -> String {
        match self.slice(token.start, token.end).chars().next() {
            Some('"') => quoted(text),
            Some(c) if c != '\'' && is_plain(text) => text.to_owned(),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }

    /// Puts a text in the place of a part of a string.
    pub(super) fn replace(&self, span: Span, text: &str) -> Result<Edit, Obstacle> {
        let at = self.layout.text_around(span);
        let at = at.filter(|at| !self.layout.is_argument(*at));
        let at = at.ok_or(Obstacle::Call)?;
        self.is_editable(at, [at].into_iter())?;
        let token = self.token(at);
        let written = match self.slice(token.start, token.end).chars().next() {
            Some('"') => escaped(text),
            Some('\'') => text.replace('\'', "''"),
            _ if text.chars().all(is_word) => text.to_owned(),
            _ => return Err(Obstacle::Lines),
        };
        Ok(self.edit(span.start, span.end, written, vec![text.to_owned()]))
    }
}

/// Whether a character means nothing to YAML inside a text.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_:/.*?$@=+-".contains(c)
}

/// Whether an action or an ARN needs no quotes in YAML.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains(':')
        && !text.ends_with(':')
        && text.chars().all(is_word)
}
