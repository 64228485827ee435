//! Lists and maps in brackets whose lines are indented less than YAML's grammar asks for.
//!
//! YAML 1.2 wants each line in brackets deeper than the key (section 7.4), and so does the reader. Readers of YAML 1.1,
//! CloudFormation's and ParallelCluster's among them, do not look at the indentation there.

/// The words of the reader for a line that is indented too little.
pub(super) const REFUSALS: [&str; 2] = [
    "invalid indentation",
    "invalid indentation in flow construct",
];

/// How many characters are read again in all, because of such lines.
pub(super) const MOST: usize = 1 << 25;

/// The opening bracket around the character at `at`: the outermost of those that begin at the places of `open`, else the
/// first after `read`, up to which all is in the tree.
pub(super) fn start(
    text: &[char],
    open: impl Iterator<Item = usize>,
    (read, at): (usize, usize),
) -> Option<usize> {
    let mut open = open;
    open.find_map(|place| bracket(text, place)).or_else(|| {
        let is_first = |place: &usize| {
            let before = place.checked_sub(1).and_then(|before| text.get(before));
            matches!(text.get(*place), Some('[' | '{')) && before.is_none_or(|c| c.is_whitespace())
        };
        (read..at).find(is_first)
    })
}

/// The bracket with which a value begins, past white space, tags and anchors.
fn bracket(text: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    let mut is_property = false;
    while let Some(c) = text.get(at) {
        match c {
            c if c.is_whitespace() => is_property = false,
            '!' | '&' => is_property = true,
            '[' | '{' if !is_property => return Some(at),
            _ if is_property => {}
            _ => return None,
        }
        at += 1;
    }
    None
}

/// Puts what is in brackets on one line: the ends of its lines and its comments become spaces, one for each character. False
/// where the brackets do not close, or nothing changes.
pub(super) fn join(text: &mut [char], start: usize) -> bool {
    let mut ends = Vec::new();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut before = ' ';
    // The last character that is no white space and no comment.
    let mut last = ' ';
    let mut at = start;
    while let Some(c) = text.get(at).copied() {
        let next = text.get(at + 1).copied();
        match (quote, c) {
            (Some('"'), '\\') => at += 1,
            (Some('\''), '\'') if next == Some('\'') => at += 1,
            (Some(q), c) if q == c => {
                quote = None;
                last = c;
            }
            (Some(_), _) => {}
            (None, '#') if before.is_whitespace() => {
                let rest = text.get(at..).unwrap_or_default();
                let length = rest.iter().position(|c| matches!(c, '\n' | '\r'));
                let end = at + length.unwrap_or(rest.len());
                ends.push((at..end, last));
                at = end.saturating_sub(1);
            }
            (None, '"' | '\'') if before.is_whitespace() || is_separator(before) => {
                quote = Some(c);
            }
            (None, '\n' | '\r') => ends.push((at..at + 1, last)),
            (None, '[' | '{') => {
                depth += 1;
                last = c;
            }
            (None, ']' | '}') => {
                depth = depth.saturating_sub(1);
                last = c;
                if depth == 0 {
                    return replace(text, &ends);
                }
            }
            (None, c) => {
                if !c.is_whitespace() {
                    last = c;
                }
            }
        }
        before = text.get(at).copied().unwrap_or(' ');
        at += 1;
    }
    false
}

fn is_separator(c: char) -> bool {
    matches!(c, '[' | '{' | ',' | ':')
}

/// The line end of a plain text that goes on stands for one space, and stays.
fn replace(text: &mut [char], ends: &[(std::ops::Range<usize>, char)]) -> bool {
    let mut is_changed = false;
    for (range, last) in ends.iter().rev() {
        let rest = text.get(range.end..).unwrap_or_default();
        let next = rest.iter().find(|c| !c.is_whitespace());
        let is_token = |c: char| is_separator(c) || matches!(c, ']' | '}' | '"' | '\'');
        if is_token(*last) || next.is_none_or(|c| is_token(*c)) {
            let gone = text.get_mut(range.clone()).unwrap_or_default();
            gone.fill(' ');
            is_changed = true;
        }
    }
    is_changed
}
