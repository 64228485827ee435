//! Sets of characters that a wildcard or a name can hold.
//!
//! ```
//! use pcluster_iam::matcher::Class;
//!
//! let table = Class::of("A-Za-z0-9_.-").unwrap();
//! assert!(Class::NO_COLON.includes(table) && !table.includes(Class::NO_COLON));
//! ```

use super::symbol::Symbol;

/// A set of characters. Placeholders are accepted by every class.
///
/// Characters come in kinds, one bit each: `a-f`, `g-z`, `A-F`, `G-Z`, `0-9`, every other printable ASCII character by
/// itself, ASCII control characters, and all characters beyond ASCII. A class holds whole kinds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Class(u64);

/// How many kinds of characters there are.
const KINDS: u32 = 40;

/// The kind of a character, as the position of its bit.
const fn kind(c: char) -> u32 {
    match c {
        'a'..='f' => 0,
        'g'..='z' => 1,
        'A'..='F' => 2,
        'G'..='Z' => 3,
        '0'..='9' => 4,
        ' '..='/' => 5 + (c as u32 - ' ' as u32),
        ':'..='@' => 21 + (c as u32 - ':' as u32),
        '['..='`' => 28 + (c as u32 - '[' as u32),
        '{'..='~' => 34 + (c as u32 - '{' as u32),
        '\0'..='\x1f' | '\x7f' => 38,
        _ => KINDS - 1,
    }
}

impl Class {
    /// Any symbol: wildcards in the resource part of an ARN, and in action names.
    pub const ANY: Class = Class((1 << KINDS) - 1);
    /// No `:`: wildcards in the first five fields of an ARN.
    pub const NO_COLON: Class = Class(Class::ANY.0 & !(1 << kind(':')));

    /// Neither `:` nor `/`: names that are not known.
    pub const WORD: Class = Class(Class::NO_COLON.0 & !(1 << kind('/')));

    /// ASCII characters without capital letters.
    pub(super) const NO_CAPITAL: Class =
        Class(Class::ANY.0 & !(1 << kind('A') | 1 << kind('G') | 1 << (KINDS - 1)));

    /// The class of the characters that a text lists as a regular expression does in brackets: `A-Za-z0-9_.-`, or after
    /// `^` of all others. `None` where a range splits a kind of characters.
    pub fn of(text: &str) -> Option<Class> {
        let (negated, mut rest) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut bits = 0;
        while let Some(first) = rest.chars().next() {
            rest = rest.get(first.len_utf8()..)?;
            let end = rest.strip_prefix('-').and_then(|r| r.chars().next());
            if let Some(last) = end {
                rest = rest.get(1 + last.len_utf8()..)?;
                let range = match (first, last) {
                    ('a', 'z') => 0b11,
                    ('a', 'f') => 0b1,
                    ('A', 'Z') => 0b1100,
                    ('A', 'F') => 0b100,
                    ('0', '9') => 0b1_0000,
                    ('!', '~') => Class::ANY.0 & !(1 << kind(' ') | 0b11 << 38),
                    _ => return None,
                };
                bits |= range;
            } else if first.is_ascii_punctuation() || first == ' ' {
                bits |= 1 << kind(first);
            } else {
                return None;
            }
        }
        let class = Class(if negated { Class::ANY.0 & !bits } else { bits });
        (class.0 != 0).then_some(class)
    }

    /// Whether the class holds a symbol.
    pub fn accepts(self, symbol: Symbol) -> bool {
        symbol.as_char().is_none_or(|c| self.0 >> kind(c) & 1 == 1)
    }

    /// Whether the class holds all characters of another.
    pub fn includes(self, other: Class) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some character is of both classes.
    pub fn meets(self, other: Class) -> bool {
        self.0 & other.0 != 0
    }

    /// The characters of both classes.
    #[must_use]
    pub fn and(self, other: Class) -> Class {
        Class(self.0 & other.0)
    }
}

/// Sets of characters that the wildcards of some patterns treat alike.
pub(super) struct Parts {
    classes: Vec<Class>,
    seen: Vec<Class>,
}

impl Default for Parts {
    fn default() -> Self {
        Parts {
            classes: vec![Class::ANY],
            seen: vec![Class::ANY],
        }
    }
}

impl Parts {
    /// Divides the sets by the classes of the wildcards of a pattern.
    pub(super) fn split_by(&mut self, wildcards: impl IntoIterator<Item = Class>) {
        for class in wildcards {
            if self.seen.contains(&class) {
                continue;
            }
            self.seen.push(class);
            let classes = self.classes.iter();
            self.classes = classes
                .flat_map(|part| [Class(part.0 & class.0), Class(part.0 & !class.0)])
                .filter(|part| part.0 != 0)
                .collect();
        }
    }

    /// The sets; the one that the most wildcards accept comes first.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Class {
    /// The first character of the class for which `fits` says yes: letters and digits first, so that witnesses read
    /// well.
    pub(super) fn first(self, fits: impl Fn(char) -> bool) -> Option<char> {
        // Beyond ASCII only where the class has such characters: most have not, and there are a million.
        let beyond = self.0 >> (KINDS - 1) & 1 == 1;
        let beyond = beyond.then_some('\u{a1}'..='\u{10FFFF}');
        ('a'..='z')
            .chain('0'..='9')
            .chain('A'..='Z')
            .chain('!'..='~')
            .chain([' ', '\n'])
            .chain(beyond.into_iter().flatten())
            .find(|c| self.0 >> kind(*c) & 1 == 1 && fits(*c))
    }

    /// The ASCII characters of the class for which `fits` says yes.
    pub(super) fn ascii(self, fits: impl Fn(char) -> bool) -> impl Iterator<Item = char> {
        ('\0'..='\x7f').filter(move |c| self.0 >> kind(*c) & 1 == 1 && fits(*c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_its_text_lists() {
        for (text, held, others) in [
            ("A-Za-z0-9_.-", "azAZ09_.-", "/: é@\u{1}"),
            ("^:/", "azAZ09_.- é\u{1}", ":/"),
            ("a-f0-9-", "af09-", "gzAZ:é"),
            ("A-F0-9", "AF09", "GZag:"),
            (" -", " -", "a_"),
            ("!-~", "!~azAZ09:/", " \u{7f}é"),
        ] {
            let class = Class::of(text).unwrap();
            for c in held.chars() {
                assert!(class.accepts(Symbol::char(c)), "{text} holds {c:?}");
            }
            for c in others.chars() {
                assert!(
                    !class.accepts(Symbol::char(c)),
                    "{text} does not hold {c:?}"
                );
            }
            assert!(class.accepts(Symbol::placeholder(1)));
        }
        for text in ["", "a", "a-d", "é", "A-z"] {
            assert_eq!(Class::of(text), None, "{text}");
        }
    }

    #[test]
    fn every_kind_is_distinct() {
        let all = ('\0'..='\u{ff}').map(kind);
        let mut kinds: Vec<u32> = all.collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds, (0..KINDS).collect::<Vec<u32>>());
    }

    #[test]
    fn each_part_of_the_classes_has_a_character() {
        let word = Class::of("A-Za-z0-9_").unwrap();
        let mut parts = Parts::default();
        parts.split_by([word]);
        parts.split_by([Class::NO_COLON]);
        // In the word class, in the other alone, in neither.
        let first = parts.classes().iter().map(|p| p.first(|c| c != 'x'));
        let first: Vec<Option<char>> = first.collect();
        assert_eq!(first, [Some('a'), Some('!'), Some(':')]);
        let last = parts.classes().last().unwrap();
        assert_eq!(last.first(|c| c != ':'), None);
        assert_eq!(last.ascii(|_| true).collect::<String>(), ":");
    }
}
