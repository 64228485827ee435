//! The identity of a finding across edits elsewhere.

use std::fmt;

use sha2::{Digest, Sha256};

/// Sixteen hexadecimal digits, the beginning of a SHA-256. They are worked out when they are written: not every format
/// has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fingerprint {
    text: String,
    ordinal: Option<u64>,
}

impl Fingerprint {
    /// A fingerprint of the subject of a finding, without line, offset or message. The ordinal distinguishes findings
    /// on the same subject.
    pub fn new(text: String, ordinal: u64) -> Self {
        Fingerprint {
            text,
            ordinal: Some(ordinal),
        }
    }

    /// A fingerprint of a text that is unique by itself.
    pub fn of_text(text: String) -> Self {
        Fingerprint {
            text,
            ordinal: None,
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digest = Sha256::new_with_prefix(&self.text);
        if let Some(ordinal) = self.ordinal {
            digest.update(ordinal.to_le_bytes());
        }
        let digest = digest.finalize();
        digest
            .iter()
            .take(8)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'abc' | sha256sum`, and with the eight bytes of the ordinal behind it. They never change: baselines and
    /// the alerts of others hold them.
    #[test]
    fn the_digits_are_those_of_sha_256() {
        let of_text = Fingerprint::of_text("abc".to_owned());
        assert_eq!(of_text.to_string(), "ba7816bf8f01cfea");
        let first = Fingerprint::new("abc".to_owned(), 0);
        assert_eq!(first.to_string(), "4b5c6fd314d0d83d");
        let second = Fingerprint::new("abc".to_owned(), 1);
        assert_eq!(second.to_string(), "b02182b7d683e592");
    }
}
