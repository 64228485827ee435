//! AWS's size quotas of policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

/// Characters of a managed policy.
pub(crate) const MANAGED: usize = 6_144;

/// Characters of all inline policies of a role.
pub(crate) const INLINE_OF_ROLE: usize = 10_240;

/// Characters as AWS counts them: white space does not.
pub(crate) fn size(text: &str) -> usize {
    let counts = |b: &u8| !matches!(b, b' ' | b'\t' | b'\r' | b'\n') && b & 0xc0 != 0x80;
    // Piece by piece, in a number that takes no more than a byte: many are counted at once.
    let of_piece = |piece: &[u8]| {
        let count = |n: u8, b| n.wrapping_add(u8::from(counts(b)));
        usize::from(piece.iter().fold(0, count))
    };
    text.as_bytes()
        .chunks(usize::from(u8::MAX))
        .map(of_piece)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn blanks_do_not_count_and_characters_do() {
        assert_eq!(size("{ \"é\":\t1 }\n"), 7);
        assert_eq!(size(&" é".repeat(1_000)), 1_000);
    }
}
