//! Patterns against the obvious: all short patterns, all short words.

use pcluster_iam::matcher::search::{Budget, search};
use pcluster_iam::matcher::{Pattern, Symbol};

/// `*` any run, `?` one character: by trying everything.
fn naive(pattern: &[u8], word: &[u8]) -> bool {
    match pattern.split_first() {
        None => word.is_empty(),
        Some((b'*', rest)) => (0..=word.len()).any(|skip| naive(rest, &word[skip..])),
        Some((b'?', rest)) => !word.is_empty() && naive(rest, &word[1..]),
        Some((c, rest)) => word.first() == Some(c) && naive(rest, &word[1..]),
    }
}

fn all(alphabet: &[u8], longest: usize) -> Vec<Vec<u8>> {
    let mut out = vec![Vec::new()];
    let mut last = vec![Vec::new()];
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|w: &Vec<u8>| alphabet.iter().map(|c| [w.as_slice(), &[*c]].concat()))
            .collect();
        out.extend(last.iter().cloned());
    }
    out
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

struct Table {
    patterns: Vec<(String, Pattern, Vec<bool>)>,
    words: Vec<Vec<u8>>,
}

/// All patterns of up to four tokens over two letters, and what they match of all words of up to six
/// letters over three: longer than any shortest difference between two such patterns.
fn table() -> Table {
    let words = all(b"abc", 6);
    let patterns = all(b"ab*?", 4)
        .iter()
        .map(|p| {
            let row = words.iter().map(|w| naive(p, w)).collect();
            (text(p).to_owned(), Pattern::glob(text(p)), row)
        })
        .collect();
    Table { patterns, words }
}

#[test]
fn matches_agrees_with_trying_everything() {
    let table = table();
    for (name, pattern, row) in &table.patterns {
        for (word, expected) in table.words.iter().zip(row) {
            assert_eq!(
                pattern.matches_text(text(word)),
                *expected,
                "{name} on {}",
                text(word)
            );
        }
    }
}

#[test]
fn covers_and_overlaps_agree_with_all_words_for_all_pairs() {
    let table = table();
    let mut pairs = 0;
    for (a_name, a, a_row) in &table.patterns {
        for (b_name, b, b_row) in &table.patterns {
            let covers = a_row.iter().zip(b_row).all(|(x, y)| *x || !*y);
            let overlaps = a_row.iter().zip(b_row).any(|(x, y)| *x && *y);
            assert_eq!(a.covers(b), covers, "{a_name} covers {b_name}");
            assert_eq!(a.overlaps(b), overlaps, "{a_name} overlaps {b_name}");
            assert!(!a.absorbs(b) || covers, "{a_name} absorbs {b_name}");
            assert!(
                !a.is_apart_from(b) || !overlaps,
                "{a_name} apart from {b_name}"
            );
            pairs += 1;
        }
    }
    assert_eq!(pairs, 341 * 341);
}

#[test]
fn unions_minus_unions_agree_and_witnesses_are_shortest() {
    let table = table();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut pick = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        &table.patterns[(random % table.patterns.len() as u64) as usize]
    };
    for _ in 0..20_000 {
        let chosen: Vec<_> = (0..6).map(|_| pick()).collect();
        let patterns: Vec<&Pattern> = chosen.iter().map(|(_, p, _)| p).collect();
        let found = search(
            &patterns,
            &[&[0]],
            1,
            &mut Budget::steps(u64::MAX),
            |accepted| {
                let gap = accepted.is(0) && (!accepted.any(&[1, 2, 3]) || accepted.any(&[4, 5]));
                u32::from(gap)
            },
        );
        let holds = |i: usize| {
            let m = |p: usize| chosen[p].2[i];
            m(0) && (!(m(1) || m(2) || m(3)) || m(4) || m(5))
        };
        // Words are in order of length: the first one that holds is a shortest.
        let expected = (0..table.words.len()).find(|i| holds(*i));
        let names: Vec<_> = chosen.iter().map(|(n, ..)| n).collect();
        match (found.word(1), expected) {
            (None, None) => {}
            (Some(word), expected) => {
                let word: String = word.iter().filter_map(|s| s.as_char()).collect();
                let accepts = |p: usize| naive(chosen[p].0.as_bytes(), word.as_bytes());
                assert!(
                    accepts(0) && (!(1..4).any(accepts) || accepts(4) || accepts(5)),
                    "{names:?}: {word} shows nothing"
                );
                if let Some(i) = expected {
                    assert_eq!(
                        word.len(),
                        table.words[i].len(),
                        "{names:?}: {word} is not shortest"
                    );
                } else {
                    assert!(word.len() > 6, "{names:?}: {word} was not found by trying");
                }
            }
            (None, Some(i)) => panic!("{names:?}: missed {}", text(&table.words[i])),
        }
    }
}

#[test]
fn an_unknown_value_is_matched_only_by_what_matches_every_value() {
    let word = |prefix: &str| -> Vec<Symbol> {
        prefix
            .chars()
            .map(Symbol::char)
            .chain([Symbol::placeholder(0)])
            .collect()
    };
    assert!(Pattern::glob("role/*").matches(&word("role/")));
    assert!(Pattern::glob("role/?*").matches(&word("role/")));
    assert!(!Pattern::glob("role/?").matches(&word("role/")));
    assert!(!Pattern::glob("role/??*").matches(&word("role/")));
    assert!(!Pattern::glob("role/a*").matches(&word("role/")));
    assert!(Pattern::glob("role/a*").loose().matches(&word("role/")));
}

#[test]
fn the_bound_is_kept_and_said() {
    let hard: Vec<Pattern> = (0..12)
        .map(|i| Pattern::glob(&format!("*{}*", "ab".repeat(i + 2))))
        .collect();
    let everything = Pattern::glob("*c*");
    let mut patterns: Vec<&Pattern> = vec![&everything];
    patterns.extend(&hard);
    let others: Vec<usize> = (1..patterns.len()).collect();
    let mut budget = Budget::steps(500);
    let found = search(&patterns, &[&[0]], 1, &mut budget, |a| {
        u32::from(a.is(0) && others.iter().all(|o| a.is(*o)))
    });
    assert!(!found.complete && found.word(1).is_none());
}
