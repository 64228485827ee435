//! One symbol of a string: a character, or a placeholder.

/// One unit of the text that patterns match: a character, or a placeholder whose value is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(pub(super) u32);

/// Above every Unicode scalar value.
const FIRST_PLACEHOLDER: u32 = 0x11_0000;

impl Symbol {
    /// The symbol of a character.
    pub const fn char(c: char) -> Self {
        Symbol(c as u32)
    }

    /// The symbol of the placeholder with this number. It stands for one unknown text that is not empty.
    pub fn placeholder(number: u32) -> Self {
        Symbol(FIRST_PLACEHOLDER.saturating_add(number))
    }

    /// The character, unless the symbol is a placeholder.
    pub fn as_char(self) -> Option<char> {
        char::from_u32(self.0)
    }

    /// The number of the placeholder, unless the symbol is a character.
    pub fn as_placeholder(self) -> Option<u32> {
        self.0.checked_sub(FIRST_PLACEHOLDER)
    }
}
