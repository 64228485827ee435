//! Patterns against the obvious: all short patterns, all short words.

use pcluster_iam::matcher::search::{Alphabet, Answer, Budget, Clause, Goal, Union, find};
use pcluster_iam::matcher::{Class, Pattern, Symbol, Token};

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

impl Table {
    fn pick(&self, random: u64) -> &(String, Pattern, Vec<bool>) {
        &self.patterns[(random % self.patterns.len() as u64) as usize]
    }
}

fn random() -> impl FnMut() -> u64 {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    }
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
    let mut random = random();
    for _ in 0..20_000 {
        let chosen: Vec<_> = (0..6).map(|_| table.pick(random())).collect();
        let patterns: Vec<&Pattern> = chosen.iter().map(|(_, p, _)| p).collect();
        let union = |members: &[usize]| Union::of(members.iter().map(|m| patterns[*m]).collect());
        let clauses = [
            Clause {
                required: vec![union(&[0])],
                forbidden: vec![union(&[1, 2, 3])],
            },
            Clause {
                required: vec![union(&[0]), union(&[4, 5])],
                forbidden: vec![],
            },
        ];
        let alphabet = || Alphabet::of(patterns.iter().copied());
        let ask = |wanted| find(&clauses, &alphabet, wanted, &mut Budget::steps(u64::MAX));
        let found = ask(Goal::Shortest);
        assert_eq!(
            ask(Goal::Any) == Answer::Nothing,
            found == Answer::Nothing,
            "any word is as good as a shortest"
        );
        let holds = |i: usize| {
            let m = |p: usize| chosen[p].2[i];
            m(0) && (!(m(1) || m(2) || m(3)) || m(4) || m(5))
        };
        // Words are in order of length: the first one that holds is a shortest.
        let expected = (0..table.words.len()).find(|i| holds(*i));
        let names: Vec<_> = chosen.iter().map(|(n, ..)| n).collect();
        match (found.word(), expected) {
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
fn guarded_patterns_count_for_words_of_their_guard_alone() {
    let table = table();
    let mut random = random();
    for _ in 0..4_000 {
        let chosen: Vec<_> = (0..5).map(|_| table.pick(random())).collect();
        let patterns: Vec<&Pattern> = chosen.iter().map(|(_, p, _)| p).collect();
        let all = Union::of(vec![patterns[0]]);
        let guarded = Union {
            members: vec![patterns[1]],
            guarded: vec![patterns[2], patterns[3]],
            guard: Some(patterns[4]),
        };
        let names: Vec<_> = chosen.iter().map(|(n, ..)| n).collect();
        let (yes, no) = (vec![all.clone(), guarded.clone()], vec![guarded]);
        for (required, forbidden) in [(yes, vec![]), (vec![all], no)] {
            let is_required = required.len() == 2;
            let clauses = [Clause {
                required,
                forbidden,
            }];
            let alphabet = || Alphabet::of(patterns.iter().copied());
            let mut budget = Budget::steps(u64::MAX);
            let found = find(&clauses, &alphabet, Goal::Shortest, &mut budget);
            let holds =
                |m: &dyn Fn(usize) -> bool| m(0) && (m(1) || m(4) && (m(2) || m(3))) == is_required;
            for steps in [10, 20, 50, 100, 200, 500] {
                let few = find(&clauses, &alphabet, Goal::Any, &mut Budget::steps(steps));
                let is_bounded = few == Answer::Undecided;
                assert!(
                    is_bounded || few.word().is_some() == found.word().is_some(),
                    "{names:?}"
                );
            }
            let expected = (0..table.words.len()).find(|i| holds(&|p| chosen[p].2[*i]));
            let Some(word) = found.word() else {
                assert_eq!(expected, None, "{names:?}");
                continue;
            };
            let word: String = word.iter().filter_map(|s| s.as_char()).collect();
            let accepts = |p: usize| naive(chosen[p].0.as_bytes(), word.as_bytes());
            assert!(holds(&accepts), "{names:?}: {word} shows nothing");
            let shortest = expected.map_or(7, |i| table.words[i].len());
            assert!(word.len() == shortest || shortest == 7, "{names:?}: {word}");
        }
    }
}

#[test]
fn patterns_are_equal_by_what_they_are_made_of() {
    assert_eq!(Pattern::glob("a*"), Pattern::glob("a**"));
    assert_ne!(Pattern::glob("a*"), Pattern::glob("a?*"));
    assert_ne!(Pattern::glob("a*"), Pattern::glob("a*").loose());
    assert_eq!(Pattern::glob("*"), Pattern::everything());
}

/// The fast answers may be no where the exact one is yes, but not for these.
#[test]
fn fast_answers_are_found_for_ordinary_patterns() {
    for (one, other, absorbs, is_apart) in [
        ("a*", "ab*", true, false),
        ("a*", "b*", false, true),
        ("*a", "*b", false, true),
        ("a?c", "abc", true, false),
        ("arn:aws:s3:::a*", "arn:aws:s3:::ab*", true, false),
        ("arn:aws:s3:::*/x", "arn:aws:s3:::a?*/x", true, false),
        ("arn:aws:s3:::a", "arn:aws:sqs:::a*", false, true),
    ] {
        let [a, b] = [one, other].map(Pattern::glob);
        assert_eq!(a.absorbs(&b), absorbs, "{one} {other}");
        assert_eq!(a.is_apart_from(&b), is_apart, "{one} {other}");
    }
    let [any, plain] = [Class::ANY, Class::NO_COLON]
        .map(|class| Pattern::new(vec![Token::Symbol(Symbol::char('a')), Token::One(class)]));
    assert!(any.absorbs(&plain) && !plain.absorbs(&any));
}

#[test]
fn a_pattern_of_arns_names_their_service() {
    for (text, service) in [
        ("arn:aws:s3:::a*", Some("s3")),
        ("arn:*:sqs:*:*:a", Some("sqs")),
        ("arn:aws:s*:::a", None),
        ("arn:aws:s3", None),
        ("*", None),
    ] {
        let fields = text.split(':').map(|field| {
            field.chars().map(|c| match c {
                '*' => Token::Run(Class::NO_COLON),
                c => Token::Symbol(Symbol::char(c)),
            })
        });
        let mut tokens = Vec::new();
        for field in fields {
            tokens.extend((!tokens.is_empty()).then(|| Token::Symbol(Symbol::char(':'))));
            tokens.extend(field);
        }
        assert_eq!(Pattern::new(tokens).service().as_deref(), service, "{text}");
    }
}

#[test]
fn a_wildcard_without_colons_takes_up_no_wildcard_with_them() {
    let [any, plain] = [Class::ANY, Class::NO_COLON]
        .map(|class| Pattern::new(vec![Token::Symbol(Symbol::char('a')), Token::Run(class)]));
    assert!(any.absorbs(&plain) && any.covers(&plain));
    assert!(!plain.absorbs(&any) && !plain.covers(&any));
}

#[test]
fn neighbours_of_different_characters_keep_their_order() {
    let pattern = Pattern::new(vec![Token::Run(Class::NO_COLON), Token::One(Class::ANY)]);
    assert!(pattern.matches_text("a:") && !pattern.matches_text(":a"));
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

/// Whether a word is in `universe`, in one of `union` and in none of `forbidden`, with so many steps.
fn ask(universe: &str, union: &[String], forbidden: &[String], steps: u64) -> Answer {
    let globs = |texts: &[String]| texts.iter().map(|t| Pattern::glob(t)).collect::<Vec<_>>();
    let (universe, union, forbidden) = (Pattern::glob(universe), globs(union), globs(forbidden));
    let mut clause = Clause {
        required: vec![Union::of(vec![&universe])],
        forbidden: vec![Union::of(forbidden.iter().collect())],
    };
    if !union.is_empty() {
        clause.required.push(Union::of(union.iter().collect()));
    }
    let all = || [&universe].into_iter().chain(&union).chain(&forbidden);
    let alphabet = || Alphabet::of(all());
    find(
        &[clause],
        &alphabet,
        Goal::Shortest,
        &mut Budget::steps(steps),
    )
}

#[test]
fn a_budget_is_spent_to_the_last_step() {
    let mut budget = Budget::steps(5);
    let before = budget.left();
    let mut share = budget.share(3);
    assert!(share.pay(3) && !share.pay(1));
    budget.settle(3, &share);
    assert_eq!((before, budget.left()), (5, 2));
}

#[test]
fn the_bound_is_kept_and_reported() {
    let far = |c: char| format!("*{c}{}", "?".repeat(24));
    let hard = ["a", "b"].map(|c| far(c.chars().next().unwrap()));
    assert_eq!(ask("*", &[], &hard, 3), Answer::Undecided);
    // Everything but what ends in 24 letters of which the first is no `x` is forbidden: no word is left.
    let mut nothing: Vec<String> = (0..24).map(|n| "?".repeat(n)).collect();
    nothing.extend([far('x'), "*x*".to_owned(), "*".to_owned() + &"?".repeat(24)]);
    assert_eq!(ask("*", &[], &nothing, 10_000), Answer::Nothing);
    let rest: Vec<String> = ('a'..='z').map(far).collect();
    let universe = format!("*x{}y*", "?".repeat(20));
    assert_eq!(
        ask(
            &universe,
            &[far('x')],
            &[vec![format!("*y{}", "?".repeat(23))], rest].concat(),
            20_000
        ),
        Answer::Nothing
    );
}

#[test]
fn what_people_write_takes_few_steps() {
    let types = [
        "instance", "volume", "subnet", "image", "snapshot", "vpc", "key-pair",
    ];
    let wide = |t: &&str| format!("arn:aws:ec2:*:*:{t}/*");
    let list: Vec<String> = types.iter().map(wide).collect();
    let other = "arn:aws:ec2:us-east-1:*:image/*";
    assert!(ask(other, &[], &list[..3], 5_000).word().is_some());
    assert_eq!(ask(other, &[], &list, 5_000), Answer::Nothing);
    let several: Vec<String> = ('a'..='p').map(|c| format!("*{c}*{c}*-suffix")).collect();
    assert_eq!(
        ask("*", &[], &several, 5_000).word().map(<[Symbol]>::len),
        Some(0)
    );
    assert_eq!(
        ask("*", &several, &[], 5_000).word().map(<[Symbol]>::len),
        Some(9)
    );
    assert_eq!(ask("*", &several, &several, 20_000), Answer::Nothing);
}
