//! The text of one input file, with byte spans and a line index.

mod template_layout;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::bytes;

pub(crate) use template_layout::{Kind, Layout};

/// A half-open range of byte offsets into a file as it stands on disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// Offset of the first byte, 0-based.
    pub start: u32,
    /// Offset just after the last byte.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets.
    pub fn new(start: usize, end: usize) -> Self {
        Span {
            start: start as u32,
            end: end as u32,
        }
    }

    /// The span as a range of `usize`, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Names one of the files of a run; an index into [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub u32);

/// A value and where it stands. Equality ignores the place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The place of the value in its file.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A line and column, both 1-based; columns count Unicode code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in Unicode code points.
    pub column: u32,
}

/// One input file: the name shown to the user and the bytes as text.
pub struct Source {
    name: String,
    identity: Option<String>,
    /// Shared by copies of the file.
    text: Arc<String>,
    veil: Option<String>,
    line_starts: OnceLock<Vec<u32>>,
    block_columns: OnceLock<Vec<u32>>,
    layout: OnceLock<Option<Layout>>,
}

/// Code points are counted ahead per block of this many bytes, so that places on one very long line stay cheap.
const BLOCK: usize = 4096;

impl Source {
    /// Wraps the text of a file. `name` is the path as the user gave it (`<stdin>` for `-`).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Source {
            name: name.into(),
            identity: None,
            text: Arc::new(text.into()),
            veil: None,
            line_starts: OnceLock::new(),
            block_columns: OnceLock::new(),
            layout: OnceLock::new(),
        }
    }

    /// The path that identifies the file wherever the program runs, if it is not the one shown.
    #[must_use]
    pub fn known_as(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }

    /// The same file once more, where the file decides which of two things is meant.
    #[must_use]
    pub fn again(&self) -> Self {
        Source {
            text: Arc::clone(&self.text),
            ..Source::new(self.name.clone(), String::new())
        }
        .known_as(self.identity.clone())
    }

    /// The path that does not depend on where the program runs, as far as one is known.
    pub fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.name)
    }

    /// The path as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The source with a text of the same length that excerpts show in place of its own.
    #[must_use]
    pub fn veiled(mut self, veil: String) -> Self {
        self.veil = Some(veil);
        self
    }

    /// The text that excerpts show, with the same places.
    pub fn shown(&self) -> &str {
        self.veil.as_deref().unwrap_or(&self.text)
    }

    /// The whole text, byte for byte as on disk.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How a template is written; `None` where the text is none.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.layout.get_or_init(|| Layout::of(&self.text)).as_ref()
    }

    /// The text of a span, or an empty string for a span that is not in this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// The token that opens what is at a span: a brace, the first word, or the words before the brace of a block
    /// (`data "aws_iam_policy_document" "head"`).
    pub fn opening(&self, span: Span) -> Span {
        let text = self.slice(span);
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let word = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let mut end = word;
        let mut rest = text.get(word..).unwrap_or_default();
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if rest.starts_with('{') {
                break;
            }
            let label = rest
                .strip_prefix('"')
                .and_then(|label| label.split_once('"'));
            let Some((_, after)) = label else {
                end = word;
                break;
            };
            rest = after;
            end = text.len() - after.len();
        }
        let first = text.chars().next().map_or(0, char::len_utf8);
        let length = if word == 0 { first } else { end };
        Span {
            start: span.start,
            end: span.start + length as u32,
        }
    }

    /// Byte offsets at which lines start; the first is 0. Lines end at `\n`.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let mut starts = vec![0];
            let mut rest = self.text.as_bytes();
            while let Some(newline) = bytes::find(b'\n', rest) {
                rest = rest.get(newline + 1..).unwrap_or_default();
                starts.push((self.text.len() - rest.len()) as u32);
            }
            starts
        })
    }

    /// Line and column of a byte offset; an offset past the end counts as the end, one inside a code point as its
    /// start.
    pub fn location(&self, offset: u32) -> Location {
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let starts = self.line_starts();
        let line = starts.partition_point(|s| *s as usize <= end);
        let start = line
            .checked_sub(1)
            .and_then(|i| starts.get(i))
            .copied()
            .unwrap_or(0) as usize;
        let column = if end - start < BLOCK {
            code_points(self.text.as_bytes(), start, end)
        } else {
            self.code_points_before(end) - self.code_points_before(start)
        };
        Location {
            line: line as u32,
            column: column as u32 + 1,
        }
    }

    /// How many code points start before a byte offset.
    fn code_points_before(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let blocks = self.block_columns.get_or_init(|| {
            let mut before = 0;
            (0..=bytes.len() / BLOCK)
                .map(|block| {
                    let here = before;
                    before += code_points(bytes, block * BLOCK, (block + 1) * BLOCK) as u32;
                    here
                })
                .collect()
        });
        let block = offset / BLOCK;
        blocks.get(block).copied().unwrap_or(0) as usize + code_points(bytes, block * BLOCK, offset)
    }
}

/// How many code points start in `start..end`, cut to the text.
fn code_points(bytes: &[u8], start: usize, end: usize) -> usize {
    bytes
        .get(start..end.min(bytes.len()))
        .unwrap_or_default()
        .iter()
        .filter(|byte| **byte & 0xC0 != 0x80)
        .count()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// All files of a run, in the order they were read.
#[derive(Default, Debug)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and returns its name within this set.
    pub fn add(&mut self, source: Source) -> SourceId {
        self.files.push(source);
        SourceId(self.files.len() as u32 - 1)
    }

    /// Has excerpts of a file show another text of the same length.
    pub fn veil(&mut self, id: SourceId, veil: String) {
        if let Some(source) = self.files.get_mut(id.0 as usize) {
            source.veil = Some(veil);
        }
    }

    /// All files.
    pub fn all(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(Source::name)
    }

    /// The file that `id` names; ids come only from [`Sources::add`] of the same set.
    pub fn get(&self, id: SourceId) -> &Source {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids are made by `add` and files are never removed"
        )]
        &self.files[id.0 as usize]
    }
}
