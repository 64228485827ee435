//! What is known for each role and release: the page that shows it, and the list of features without data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use pcluster_iam::matcher::Pattern;
use pcluster_iam::reference::{
    self, Failure, Feature, Features, Query, Reference, Release, Standing,
};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every release with the schedulers it has.
fn releases() -> Vec<(String, Vec<&'static str>)> {
    let all = Release::all().map(|release| release.to_string());
    all.map(|release| {
        let schedulers = reference::schedulers_in(&release);
        (release, schedulers)
    })
    .collect()
}

/// Features of a role, release and scheduler of which nothing is known although there is data for others.
fn without_data(role: &str, scheduler: &str, release: &str) -> Vec<&'static str> {
    let unknown = |feature: &Feature| {
        let features = Features::from_names([feature.name()]).unwrap();
        let found = reference::candidates(Query {
            role: Some(role),
            scheduler,
            release,
            features: &features,
        });
        let found = found.unwrap_or_default();
        found
            .first()
            .is_some_and(|r| r.unknown_features.contains(&feature.name()))
    };
    let number = Release::parse(release).unwrap();
    let all = Feature::all()
        .filter(|f| f.first().is_none_or(|first| first <= number))
        .filter(unknown);
    all.map(Feature::name).collect()
}

/// `role feature scheduler: first to last, …`
fn list_of_features_without_data() -> String {
    let releases = releases();
    let mut lacking: BTreeMap<(String, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, (release, schedulers)) in releases.iter().enumerate() {
        for scheduler in schedulers {
            for role in reference::roles_for(scheduler, release).unwrap() {
                for feature in without_data(role, scheduler, release) {
                    let key = (role.to_owned(), feature, *scheduler);
                    lacking.entry(key).or_default().push(at);
                }
            }
        }
    }
    let mut text = String::new();
    for ((role, feature, scheduler), at) in lacking {
        let ranges = ranges(&at, &releases, scheduler);
        let _ = writeln!(text, "{role} {feature} {scheduler}: {ranges}");
    }
    text
}

/// Indexes of releases as ranges: `3.0.0 to 3.1.3, 3.3.0`.
fn ranges(at: &[usize], releases: &[(String, Vec<&str>)], scheduler: &str) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for index in at {
        let follows = |last: usize| {
            let mut between = releases[last + 1..*index].iter();
            between.all(|(_, schedulers)| !schedulers.contains(&scheduler))
        };
        match ranges.last_mut() {
            Some((_, last)) if follows(*last) => *last = *index,
            _ => ranges.push((*index, *index)),
        }
    }
    let name = |(first, last): &(usize, usize)| {
        let (first, last) = (&releases[*first].0, &releases[*last].0);
        if first == last {
            first.clone()
        } else {
            format!("{first} to {last}")
        }
    };
    ranges.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Features of which nothing is known: `role feature scheduler` of each line, with its releases.
fn entries(list: &str) -> BTreeMap<&str, &str> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").unwrap()).collect()
}

/// The releases that some ranges hold.
fn releases_in(ranges: &str) -> Vec<Release> {
    let number = |text: &str| Release::parse(text).unwrap();
    let bounds = |range: &str| match range.split_once(" to ") {
        Some((first, last)) => (number(first), number(last)),
        None => (number(range), number(range)),
    };
    let ranges = ranges.split(", ").map(bounds);
    ranges
        .flat_map(|(first, last)| Release::all().filter(move |r| first <= *r && *r <= last))
        .collect()
}

#[test]
fn features_without_data_become_fewer() {
    const HEAD: &str = "# Roles, features and schedulers of which nothing is known for some releases: the program says so.\n\
                        # This list only becomes shorter.\n";
    let path = path("fixtures/features-without-data.txt");
    let now = HEAD.to_owned() + &list_of_features_without_data();
    let before = fs::read_to_string(&path).unwrap_or_else(|_| now.clone());
    let (known, found) = (entries(&before), entries(&now));
    for (what, ranges) in &found {
        let allowed = known.get(what).map(|ranges| releases_in(ranges));
        let allowed = allowed.unwrap_or_default();
        let new: Vec<String> = releases_in(ranges)
            .into_iter()
            .filter(|release| !allowed.contains(release))
            .map(|release| release.to_string())
            .collect();
        assert!(new.is_empty(), "{what} had data for {}", new.join(", "));
    }
    if std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        fs::write(&path, &now).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        now,
        "PCLUSTER_IAM_WRITE_FIXTURES=1 cargo test --test it requirements:: writes the shorter list"
    );
}

/// What is known for one role, release and scheduler.
#[derive(Clone, PartialEq, Eq)]
struct Known {
    always: BTreeSet<String>,
    features: BTreeMap<&'static str, BTreeSet<String>>,
    /// Documented, but no call is known.
    unused: BTreeSet<String>,
    gaps: BTreeSet<String>,
    sources: Vec<String>,
}

impl Known {
    fn of(reference: &Reference) -> Self {
        let mut known = Known {
            always: BTreeSet::new(),
            features: BTreeMap::new(),
            unused: BTreeSet::new(),
            gaps: BTreeSet::new(),
            sources: Vec::new(),
        };
        for statement in reference.divided(|_| false) {
            // Some values of a condition key: the action itself is in another column.
            let is_of_values = statement.is_divided && !statement.conditions.is_empty();
            for action in &statement.action.values {
                let basis = reference.basis(action, &statement);
                let action = action.clone();
                match (basis.standing, basis.required, basis.feature) {
                    (Standing::UnknownUse, ..) if is_of_values => false,
                    (Standing::UnknownUse, ..) => known.unused.insert(action),
                    (_, Some(false), _) => false,
                    (_, _, Some(feature)) => {
                        known.features.entry(feature).or_default().insert(action)
                    }
                    (_, _, None) => known.always.insert(action),
                };
            }
        }
        for gap in &reference.gaps {
            let actions = gap.statements.iter().flat_map(|s| &s.action.values);
            let actions: Vec<String> = actions.map(|a| format!("`{a}`")).collect();
            let actions = match &gap.policy {
                Some(policy) => format!("most of {policy}"),
                None => actions.join(", "),
            };
            let failure = match gap.failure {
                Failure::Certain => "fails",
                Failure::Ungranted => "fails unless granted on ARNs",
                Failure::FirstUse => "fails once in an account",
                Failure::Function => "loses a function",
            };
            let feature = gap
                .feature
                .map_or_else(String::new, |f| format!(" with {f}"));
            let source = link(&gap.source);
            known
                .gaps
                .insert(format!("{actions}{feature}: {failure} ({source})"));
        }
        for part in &reference.parts {
            let feature = part.feature.map_or_else(String::new, |f| format!(" ({f})"));
            let text = format!("{}, {}{feature}", part.kind, part.source);
            if !known.sources.contains(&text) {
                known.sources.push(text);
            }
        }
        known
    }
}

/// A source as Markdown.
fn link(source: &str) -> String {
    let one = |text: &str| match text.strip_prefix("https://github.com/") {
        Some(rest) => format!("[{rest}]({text})"),
        None => text.to_owned(),
    };
    source.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

/// Actions by service, such as `ec2`: `CreateTags`, `RunInstances`; `s3`: `GetObject`. `beside` is what to add to an
/// action. The letters of actions have no case.
fn by_service(actions: &BTreeSet<String>, beside: impl Fn(&str) -> String) -> String {
    let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in actions {
        let (service, name) = action.split_once(':').unwrap();
        let names = services.entry(service.to_ascii_lowercase()).or_default();
        let name = if name.is_empty() {
            format!("`{action}`")
        } else {
            name.to_owned()
        };
        let name = name + &beside(action);
        if !names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
    }
    let names = services
        .iter()
        .map(|(service, names)| format!("**{service}** {}", names.join(", ")));
    names
        .collect::<Vec<_>>()
        .join("; ")
        .replace('*', "\\*")
        .replace("\\*\\*", "**")
}

/// What a set has that another does not, and the reverse; all of it where there is no other.
fn change(now: &BTreeSet<String>, before: Option<&BTreeSet<String>>) -> String {
    let Some(before) = before else {
        return by_service(now, |_| String::new());
    };
    let without = |some: &BTreeSet<String>, others: &BTreeSet<String>| -> BTreeSet<String> {
        let other = |action: &String| others.iter().any(|o| o.eq_ignore_ascii_case(action));
        some.iter().filter(|a| !other(a)).cloned().collect()
    };
    let (new, gone) = (without(now, before), without(before, now));
    // A wildcard and what it covers are one change: `s3:*` replaces `s3:GetObject`.
    let covers = |wild: &str, action: &str| {
        let glob = |text: &str| Pattern::glob(&text.to_ascii_lowercase());
        wild.contains('*') && wild != action && glob(wild).covers(&glob(action))
    };
    let covered = |wild: &str, by: &BTreeSet<String>, word: &str| {
        let names = by.iter().filter(|action| covers(wild, action));
        let names: Vec<_> = names.filter_map(|a| a.split_once(':')).collect();
        let names: Vec<&str> = names.into_iter().map(|(_, name)| name).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!(" ({word} {})", names.join(", "))
        }
    };
    let rest = |some: &BTreeSet<String>, by: &BTreeSet<String>| -> BTreeSet<String> {
        let is_covered = |action: &str| by.iter().any(|wild| covers(wild, action));
        some.iter().filter(|a| !is_covered(a)).cloned().collect()
    };
    let (also, no_longer) = (rest(&new, &gone), rest(&gone, &new));
    let mut parts = Vec::new();
    if !also.is_empty() {
        let text = by_service(&also, |wild| covered(wild, &gone, "replaces"));
        parts.push(format!("also {text}"));
    }
    if !no_longer.is_empty() {
        let text = by_service(&no_longer, |wild| covered(wild, &new, "only"));
        parts.push(format!("no longer {text}"));
    }
    if parts.is_empty() {
        "the same".to_owned()
    } else {
        parts.join("; ")
    }
}

const HEAD: &str = "# What each role needs

Look up the permissions that a role needs. For each role and scheduler the tables show, release by release, the actions that every
cluster needs, those that only clusters with a feature need, and those missing from AWS's own policy. `pcluster-iam reference
show` prints the policy of one release, and `pcluster-iam explain ACTION` why an action is needed. The page is generated from the
data in `rules/`.

* **always**: an error if it is missing.
* **with a feature**: an error if the cluster uses the feature, and a warning until you name the features with `--feature` or
  `--cluster-config`.
* **no known call**: AWS documents it, but no release is known to call it. A warning if it is missing.
* **known gaps**: needed, but missing from AWS's policy. *fails* is an error, *loses a function* and *fails once in an account*
  are warnings.

Later rows of a table show only the changes. The tables assume
the default that ParallelCluster creates the roles itself (feature `iam-privileged`).
";

/// The page, from the data.
fn page() -> String {
    let mut text = HEAD.to_owned();
    let releases = releases();
    let all = Feature::all().filter(|f| f.group().is_none());
    let features = Features::from_names(all.map(Feature::name)).unwrap();
    for role in reference::roles() {
        let mut rows: Vec<(Vec<&str>, usize, usize, Known)> = Vec::new();
        for (at, (release, schedulers)) in releases.iter().enumerate() {
            let mut here: Vec<(Vec<&str>, Known)> = Vec::new();
            for scheduler in schedulers {
                let roles = reference::roles_for(scheduler, release).unwrap();
                if !roles.contains(&role) {
                    continue;
                }
                let found = reference::candidates(Query {
                    role: Some(role),
                    scheduler,
                    release,
                    features: &features,
                });
                let known = Known::of(found.unwrap().first().unwrap());
                match here.iter_mut().find(|(_, same)| *same == known) {
                    Some((list, _)) => list.push(scheduler),
                    None => here.push((vec![scheduler], known)),
                }
            }
            for (schedulers, known) in here {
                let last = rows.iter_mut().rev().find(|row| row.0 == schedulers);
                match last {
                    Some(row) if row.3 == known => row.2 = at,
                    _ => rows.push((schedulers, at, at, known)),
                }
            }
        }
        let title = reference::role_title(role).unwrap();
        let _ = write!(text, "\n## {role}\n\nThe policies of {title}.\n");
        let mut lists: Vec<Vec<&str>> = Vec::new();
        for (schedulers, ..) in &rows {
            if !lists.contains(schedulers) {
                lists.push(schedulers.clone());
            }
        }
        for list in lists {
            let of_list: Vec<_> = rows.iter().filter(|row| row.0 == list).collect();
            if !reference::has_no_scheduler(role) {
                let _ = write!(text, "\n### {role}: {}\n", list.join(", "));
            }
            text.push_str(
                "\n| releases | always | with a feature | no known call | known gaps | source |\n| --- | --- | --- | --- | --- | --- |\n",
            );
            let mut before: Option<&Known> = None;
            for (_, first, last, known) in of_list {
                let (first, last) = (&releases[*first].0, &releases[*last].0);
                let range = if first == last {
                    first.clone()
                } else {
                    format!("{first} to {last}")
                };
                let features: Vec<String> = known
                    .features
                    .iter()
                    .map(|(feature, actions)| {
                        let old = before.and_then(|b| b.features.get(feature));
                        format!("{feature}: {}", change(actions, old))
                    })
                    .filter(|text| !text.ends_with(": the same"))
                    .collect();
                let gaps: Vec<&str> = known.gaps.iter().map(String::as_str).collect();
                let _ = writeln!(
                    text,
                    "| {range} | {} | {} | {} | {} | {} |",
                    change(&known.always, before.map(|b| &b.always)),
                    features.join("<br>"),
                    change(&known.unused, before.map(|b| &b.unused)),
                    gaps.join("<br>"),
                    known.sources.join("<br>")
                );
                before = Some(known);
            }
        }
    }
    text
}

#[test]
fn the_page_on_requirements_is_that_of_the_data() {
    let path = path("docs/requirements.md");
    let now = page();
    if std::env::var_os("PCLUSTER_IAM_WRITE_DOCS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == now,
        "PCLUSTER_IAM_WRITE_DOCS=1 cargo test --test it requirements:: writes docs/requirements.md anew"
    );
    // Each text is there, but those for other ways to create roles.
    let modes = ["iam-permissions-boundary", "iam-restricted"];
    let texts = reference::listed().into_iter();
    for listed in texts.filter(|l| l.feature.is_none_or(|f| !modes.contains(&f))) {
        assert!(now.contains(listed.source), "{}", listed.source);
    }
}
