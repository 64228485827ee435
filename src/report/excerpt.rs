//! [`Excerpt`]: what codespan-reporting is given to draw instead of the file itself.
//!
//! An excerpt holds only the lines that a finding's labels stand on, made safe for a terminal; of a line that is
//! too long it holds windows around the labels, with `...` for what is left out. Lines keep their numbers and label
//! starts their columns, so `path:line:column` stays true, and drawing costs the same whatever the file's size.

use std::collections::BTreeMap;
use std::ops::Range;

use codespan_reporting::files::{Error, Files};

use super::escape;
use crate::finding::Label;
use crate::parser::{Source, SourceId, Sources};

/// Lines up to this many characters are shown whole.
const LINE_WIDTH: usize = 160;
/// At most this many labels of a finding are drawn, and this many on one line that is too long.
const LABELS: usize = 9;
const LABELS_PER_LONG_LINE: usize = 4;
/// Fewest and most characters shown on either side of a label on a longer line.
const MARGIN: Range<usize> = 12..40;
/// A label of more characters than this is shown by its first and its last ones.
const LABEL_WIDTH: usize = 80;
const LABEL_HEAD: usize = 48;
const LABEL_TAIL: usize = 16;
/// Stands for what is left out. Three columns wide in every encoding, so that carets stay in place.
const CUT: &str = "...";

/// The excerpts that one finding is drawn from.
#[derive(Default)]
pub(super) struct Excerpts<'a> {
    files: Vec<Excerpt<'a>>,
}

struct Excerpt<'a> {
    id: SourceId,
    source: &'a Source,
    name: String,
    text: String,
    /// In ascending order of both fields.
    lines: Vec<Line>,
    /// The start of labels, in `text` and in the file.
    starts: Vec<(usize, u32)>,
}

struct Line {
    /// The index of the line in the file.
    index: usize,
    /// The place of the line in `text`, line end included.
    range: Range<usize>,
}

/// The part of a label that is drawn: on one line, as byte offsets of the file.
#[derive(Clone)]
struct Mark {
    label: usize,
    start: u32,
    range: Range<usize>,
}

/// The place of a label in the excerpts.
pub(super) struct Drawn {
    /// The index of the label.
    pub(super) label: usize,
    /// The excerpt, as codespan-reporting's file.
    pub(super) file: usize,
    /// Bytes of that file.
    pub(super) range: Range<usize>,
}

impl<'a> Excerpts<'a> {
    /// Takes excerpts for some labels. Returns those that are to be drawn, in the order given; where there are too
    /// many to read, later labels are left out, never the first.
    pub(super) fn new(sources: &'a Sources, labels: &[&Label]) -> (Self, Vec<Drawn>) {
        let mut files: Vec<Excerpt<'a>> = Vec::new();
        let mut marks: Vec<BTreeMap<usize, Vec<Mark>>> = Vec::new();
        for (label, at) in labels.iter().enumerate().take(LABELS) {
            let known = files.iter().position(|file| file.id == at.source);
            let id = known.unwrap_or(files.len());
            if known.is_none() {
                files.push(Excerpt::new(at.source, sources.get(at.source)));
                marks.push(BTreeMap::new());
            }
            if let (Some(file), Some(marks)) = (files.get(id), marks.get_mut(id)) {
                let (line, mark) = file.mark(label, at);
                let marks = marks.entry(line).or_default();
                if marks.len() < LABELS_PER_LONG_LINE || !file.is_long(&file.content(line)) {
                    marks.push(mark);
                }
            }
        }
        let mut drawn: Vec<Drawn> = Vec::new();
        for (id, (file, marks)) in files.iter_mut().zip(marks).enumerate() {
            let mut previous = None;
            for (line, marks) in marks {
                // codespan draws a single line between two labelled ones as well.
                if previous.is_some_and(|previous| previous + 2 == line) {
                    file.add_line(line - 1, Vec::new());
                }
                previous = Some(line);
                let placed = file.add_line(line, marks).into_iter();
                drawn.extend(placed.map(|(label, range)| Drawn {
                    label,
                    file: id,
                    range,
                }));
            }
        }
        drawn.sort_by_key(|drawn| drawn.label);
        (Excerpts { files }, drawn)
    }

    fn get(&self, id: usize) -> Result<&Excerpt<'a>, Error> {
        self.files.get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Excerpt<'a> {
    fn new(id: SourceId, source: &'a Source) -> Self {
        Excerpt {
            id,
            source,
            name: escape::line(source.name()).into_owned(),
            text: String::new(),
            lines: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// The line that a label starts on, and the part of the label on that line.
    fn mark(&self, label: usize, at: &Label) -> (usize, Mark) {
        let text = self.source.shown();
        let start = floor(text, at.span.start as usize);
        let line = self
            .source
            .line_starts()
            .partition_point(|s| *s as usize <= start)
            .saturating_sub(1);
        let content = self.content(line);
        let shown = start.min(content.end);
        let end = ceil(text, at.span.end as usize).clamp(shown, content.end);
        let mark = Mark {
            label,
            start: start as u32,
            range: shown..end,
        };
        (line, mark)
    }

    /// Whether a line is too long to be shown whole.
    fn is_long(&self, content: &Range<usize>) -> bool {
        forward(self.source.shown(), content.start, LINE_WIDTH) < content.end
    }

    /// The range of a line in the file, without its line end.
    fn content(&self, line: usize) -> Range<usize> {
        let text = self.source.shown();
        let starts = self.source.line_starts();
        let start = starts.get(line).map_or(text.len(), |s| *s as usize);
        let next = starts.get(line + 1).map_or(text.len(), |s| *s as usize);
        let line = text.get(start..next).unwrap_or("");
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        start..start + line.len()
    }

    /// Appends a line of the file and returns where its marks came to stand, by label.
    fn add_line(&mut self, index: usize, marks: Vec<Mark>) -> Vec<(usize, Range<usize>)> {
        let file = self.source.shown();
        let content = self.content(index);
        let begin = self.text.len();
        let mut edges: Vec<usize> = marks
            .iter()
            .flat_map(|mark| [mark.range.start, mark.range.end])
            .collect();
        edges.sort_unstable();
        edges.dedup();

        let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
        let mut shown = content.start;
        for window in windows(file, &content, &marks) {
            if window.start > shown {
                let apart = if self.text.len() > begin { " " } else { "" };
                self.text.extend([apart, CUT, " "]);
            }
            let mut from = window.start;
            for edge in edges
                .iter()
                .filter(|e| (window.start..=window.end).contains(e))
            {
                escape::push_escaped(&mut self.text, file.get(from..*edge).unwrap_or(""));
                moved.insert(*edge, self.text.len());
                from = *edge;
            }
            escape::push_escaped(&mut self.text, file.get(from..window.end).unwrap_or(""));
            shown = window.end;
        }
        if shown < content.end {
            self.text.extend([" ", CUT]);
        }
        let end = self.text.len();
        self.text.push('\n');
        self.lines.push(Line {
            index,
            range: begin..self.text.len(),
        });

        let place = |at: usize| moved.get(&at).copied().unwrap_or(end);
        marks
            .into_iter()
            .map(|mark| {
                let range = place(mark.range.start)..place(mark.range.end);
                self.starts.push((range.start, mark.start));
                (mark.label, range)
            })
            .collect()
    }
}

/// The parts of a line to show: sorted, apart from each other, together all edges of the marks.
fn windows(file: &str, line: &Range<usize>, marks: &[Mark]) -> Vec<Range<usize>> {
    let head = line.start..forward(file, line.start, LINE_WIDTH).min(line.end);
    if marks.is_empty() || head.end == line.end {
        return Vec::from([head]);
    }
    let margin = (LINE_WIDTH / (4 * marks.len())).clamp(MARGIN.start, MARGIN.end);
    let before = |at| back(file, at, margin).max(line.start);
    let after = |at, count| forward(file, at, count).min(line.end);
    let mut wanted: Vec<Range<usize>> = Vec::new();
    for Mark { range, .. } in marks {
        if forward(file, range.start, LABEL_WIDTH) >= range.end {
            wanted.push(before(range.start)..after(range.end, margin));
        } else {
            wanted.push(before(range.start)..after(range.start, LABEL_HEAD));
            wanted.push(back(file, range.end, LABEL_TAIL)..after(range.end, margin));
        }
    }
    wanted.sort_by_key(|window| window.start);
    let mut windows: Vec<Range<usize>> = Vec::new();
    for window in wanted {
        match windows.last_mut() {
            // A gap no longer than its sign is shown as it is.
            Some(last) if window.start <= forward(file, last.end, CUT.len() + 2) => {
                last.end = last.end.max(window.end);
            }
            _ => windows.push(window),
        }
    }
    if let Some(first) = windows.first_mut()
        && first.start <= forward(file, line.start, CUT.len() + 1)
    {
        first.start = line.start;
    }
    if let Some(last) = windows.last_mut()
        && forward(file, last.end, CUT.len() + 1) >= line.end
    {
        last.end = line.end;
    }
    windows
}

/// The offset `count` characters after `at`, or the end of the text.
fn forward(text: &str, at: usize, count: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.char_indices().nth(count))
        .map_or(text.len(), |(offset, _)| at + offset)
}

/// The offset `count` characters before `at`, or 0.
fn back(text: &str, at: usize, count: usize) -> usize {
    text.get(..at)
        .and_then(|rest| rest.char_indices().rev().take(count).last())
        .map_or(at, |(offset, _)| offset)
}

/// The last character boundary up to `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first character boundary from `at` on.
fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

impl<'a> Files<'a> for Excerpts<'_> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.name)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.text)
    }

    fn line_index(&'a self, id: usize, byte_index: usize) -> Result<usize, Error> {
        let lines = &self.get(id)?.lines;
        let after = lines.partition_point(|line| line.range.start <= byte_index);
        Ok(lines
            .get(after.saturating_sub(1))
            .map_or(0, |line| line.index))
    }

    fn line_range(&'a self, id: usize, line_index: usize) -> Result<Range<usize>, Error> {
        let lines = &self.get(id)?.lines;
        lines
            .binary_search_by_key(&line_index, |line| line.index)
            .ok()
            .and_then(|at| lines.get(at))
            .map(|line| line.range.clone())
            .ok_or(Error::LineTooLarge {
                given: line_index,
                max: lines.last().map_or(0, |line| line.index),
            })
    }

    fn column_number(&'a self, id: usize, _: usize, byte_index: usize) -> Result<usize, Error> {
        let file = self.get(id)?;
        let start = file.starts.iter().find(|(at, _)| *at == byte_index);
        Ok(start.map_or(1, |(_, offset)| {
            file.source.location(*offset).column as usize
        }))
    }
}
