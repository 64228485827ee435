//! Suggestions for misspelled words.

/// Longer words are no slips of the pen, and comparing takes the product of the lengths.
const LONGEST: usize = 128;

/// The candidate with the fewest slips (a letter too many, too few, another one, or two changed about), in any case; of
/// several the first. `most` says how many slips a candidate bears.
pub(crate) fn nearest<'c, T>(
    word: &str,
    candidates: impl IntoIterator<Item = (&'c str, T)>,
    most: impl Fn(&str) -> usize,
) -> Option<T> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let length = word.chars().count();
    let close = candidates.into_iter().filter_map(|(name, candidate)| {
        let most = most(name);
        // Each slip changes the length by one at most.
        if name.chars().count().abs_diff(length) > most {
            return None;
        }
        let slips = strsim::damerau_levenshtein(&word, &name.to_ascii_lowercase());
        (slips <= most && slips < name.len()).then_some((slips, candidate))
    });
    let found = close.min_by_key(|(slips, _)| *slips);
    found.map(|(_, candidate)| candidate)
}

/// The same for plain words, with at most this many typing errors.
pub(crate) fn nearest_word<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    most: usize,
) -> Option<&'c str> {
    let candidates = candidates.into_iter().map(|name| (name, name));
    nearest(word, candidates, |_| most)
}

/// A hint at the legal values, the one that was probably meant first.
pub(crate) fn hint(word: &str, legal: &[&str]) -> String {
    let all = legal.join(", ");
    match nearest_word(word, legal.iter().copied(), 2) {
        Some(meant) => format!("did you mean `{meant}`? expected one of: {all}"),
        None => format!("expected one of: {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_borne_and_other_words_are_not() {
        let names = ["Effect", "Action", "NotAction", "Resource", "Sid"];
        let nearest = |word| nearest(word, names.map(|n| (n, n)), |name| name.len() / 3);
        assert_eq!(nearest("effect"), Some("Effect"));
        assert_eq!(nearest("Actions"), Some("Action"));
        assert_eq!(nearest("Resourse"), Some("Resource"));
        assert_eq!(nearest("NotActions"), Some("NotAction"));
        assert_eq!(nearest("Comment"), None);
        assert_eq!(nearest(""), None);
        assert_eq!(nearest(&"a".repeat(200)), None);
        assert_eq!(nearest_word("slrum", ["sge", "slurm"], 2), Some("slurm"));
        assert_eq!(nearest_word("x", ["a"], 2), None);
    }
}
