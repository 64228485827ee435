//! Where the values of a text begin and end, found in one pass.

use super::{DEEPEST, ENDS, LONGEST_STRING, MOST_VALUES, has_escape, string_length};

/// The place of one value: its bytes, and the index of the value that comes after it and all that is in it.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) after: u32,
}

/// The places of the values of a text, keys included, in the order of their beginnings.
pub(in crate::parser) struct Places {
    pub(super) values: Vec<Entry>,
    pub(super) most: usize,
    pub(super) longest: usize,
}

impl Default for Places {
    fn default() -> Self {
        Places::of_at_most(MOST_VALUES, LONGEST_STRING)
    }
}

/// Facts from one pass over the bytes of a text, JSON or not.
pub(super) struct Size {
    /// The place of the first bracket that is nested too deep.
    pub(super) too_deep: Option<usize>,
    /// The reason why it is larger than any policy, and the place: its first string that is too long, or too many
    /// values.
    pub(super) too_large: Option<(usize, String)>,
    /// True where it has neither escapes nor numbers.
    pub(super) is_plain: bool,
}

impl Places {
    /// For a text of so many values, and strings of so many bytes.
    pub(in crate::parser) fn of_at_most(most: usize, longest: usize) -> Self {
        Places {
            values: Vec::new(),
            most,
            longest,
        }
    }

    /// Goes over a text once. The places are those of its values if it is JSON and not too large.
    pub(super) fn find(&mut self, text: &str) -> Size {
        let bytes = text.as_bytes();
        let (most, longest) = (self.most, self.longest);
        let mut size = Size {
            too_deep: None,
            too_large: None,
            is_plain: !has_escape(text),
        };
        self.values.reserve((text.len() / 16).min(self.most));
        let mut open: Vec<usize> = Vec::new();
        let mut separators = 0_usize;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
                    at += rest.iter().take_while(blank).count();
                }
                b'"' => {
                    let length = string_length(rest.get(1..).unwrap_or_default());
                    if length > self.longest && size.too_large.is_none() {
                        let what = format!(
                            "a string of {length} bytes, more than the {longest} that are read"
                        );
                        size.too_large = Some((at, what));
                    }
                    self.add(at, at + length + 2);
                    at += length + 2;
                }
                b'{' | b'[' | b',' | b':' => {
                    // Each value but the first follows on one of these.
                    separators += 1;
                    if separators > self.most && size.too_large.is_none() {
                        let what = format!("more than {most} values in one file");
                        size.too_large = Some((at, what));
                    }
                    if matches!(byte, b'{' | b'[') {
                        if open.len() == DEEPEST {
                            size.too_deep = Some(at);
                            return size;
                        }
                        open.push(self.values.len());
                        self.add(at, at);
                    }
                    at += 1;
                }
                b'}' | b']' => {
                    at += 1;
                    let after = self.values.len() as u32;
                    let opened = open.pop().and_then(|opened| self.values.get_mut(opened));
                    if let Some(opened) = opened {
                        opened.end = at as u32;
                        opened.after = after;
                    }
                }
                first => {
                    size.is_plain &= !matches!(first, b'-' | b'0'..=b'9');
                    let length = rest.iter().position(|b| ENDS.contains(b));
                    let end = at + length.unwrap_or(rest.len());
                    self.add(at, end);
                    at = end;
                }
            }
        }
        size
    }

    /// Adds a value with nothing in it. The values of a text beyond the limit are left out.
    fn add(&mut self, start: usize, end: usize) {
        if self.values.len() <= self.most {
            let after = self.values.len() as u32 + 1;
            self.values.push(Entry {
                start: start as u32,
                end: end as u32,
                after,
            });
        }
    }
}
