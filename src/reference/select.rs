//! From the names that a user gives to references: releases, schedulers, roles and features.

mod error;

pub use error::SelectError;

use super::data::{MARKS, PACKS, PackEntry, ROLES, SCHEDULERS};
use super::pack::{self};
use super::wanted::Wanted;
use super::{Feature, Features, Reference, Release, release};
use crate::nearest::hint;

/// The selection.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    /// `None` for every role of the release.
    pub role: Option<&'q str>,
    /// e.g. `torque`.
    pub scheduler: &'q str,
    /// `2.4.1`, `2.4` or `2.4-2.6`.
    pub release: &'q str,
    /// The known features of the cluster.
    pub features: &'q Features,
}

/// The schedulers that some release has.
pub fn schedulers() -> Vec<&'static str> {
    SCHEDULERS.iter().map(|(name, ..)| *name).collect()
}

fn schedulers_of(release: Release) -> Vec<&'static str> {
    let mut all = SCHEDULERS.iter();
    let has = |(_, first, last): &&(&str, Release, Release)| *first <= release && release <= *last;
    all.by_ref().filter(has).map(|(name, ..)| *name).collect()
}

/// The schedulers of a release.
pub fn schedulers_in(release: &str) -> Vec<&'static str> {
    resolve(release, None)
        .map(schedulers_of)
        .unwrap_or_default()
}

/// Whether a role is the same with every scheduler, such as those that build images.
pub fn has_no_scheduler(role: &str) -> bool {
    let roles = roles_called(role);
    let mut packs = PACKS.iter().filter(|p| roles.contains(&p.role.get()));
    packs.clone().next().is_some() && packs.all(|p| p.schedulers.list().is_empty())
}

/// The roles that are the same with every scheduler and build images.
pub fn roles_without_scheduler() -> Vec<&'static str> {
    let builds = |role: &&str| {
        let mut packs = PACKS.iter();
        packs.any(|p| p.role.get() == *role && p.first.major() == 3)
    };
    roles()
        .filter(|role| has_no_scheduler(role))
        .filter(builds)
        .collect()
}

/// The scheduler to compare with where none is given: any for a role that has none, and the only one of a release.
pub fn only_scheduler(role: Option<&str>, release: &str) -> Option<&'static str> {
    let all = schedulers_in(release);
    match all.as_slice() {
        [only] => Some(only),
        several if role.is_some_and(has_no_scheduler) => several.first().copied(),
        _ => None,
    }
}

/// Why a release is compared with where none is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Default {
    /// To be resolved: `2.4.1` or `3`.
    pub release: &'static str,
    /// Completes "because …".
    pub reason: String,
    /// True where no text distinguishes the generations: the better fit decides.
    pub is_open: bool,
}

/// The release to compare with where none is asked for: by what only one generation has of role and scheduler, or of
/// the strings of the policies; else [`super::DEFAULT_RELEASE`], or the newest with a policy of the role if that has none.
pub fn default_release<'s>(
    role: Option<&str>,
    scheduler: Option<&str>,
    features: &Features,
    strings: impl Iterator<Item = &'s str>,
) -> Default {
    let chosen = generation(role, scheduler, features, strings);
    let Some(role) = role else {
        return chosen;
    };
    let has_policy = |release: &str| {
        resolve(release, scheduler).is_ok_and(|release| {
            let known = schedulers_of(release).into_iter();
            let mut schedulers = known.filter(|s| scheduler.is_none_or(|own| own == *s));
            schedulers.any(|s| {
                let legal = roles_of(s, release);
                roles_called(role).iter().any(|r| legal.contains(r))
            })
        })
    };
    if has_policy(chosen.release) {
        return chosen;
    }
    let newest = if chosen.is_open {
        ["3", "2"]
    } else {
        ["2", "3"]
    };
    match newest.into_iter().find(|release| has_policy(release)) {
        Some(release) => Default {
            release,
            reason: format!("no policy of role {role} is known for {}", chosen.release),
            is_open: false,
        },
        None => chosen,
    }
}

/// The release by what only one generation has; else [`super::DEFAULT_RELEASE`].
fn generation<'s>(
    role: Option<&str>,
    scheduler: Option<&str>,
    features: &Features,
    strings: impl Iterator<Item = &'s str>,
) -> Default {
    let of = |generation: u32, reason: String| Default {
        release: if generation == 3 {
            "3"
        } else {
            super::DEFAULT_RELEASE
        },
        reason,
        is_open: false,
    };
    let generations = |fits: &dyn Fn(&super::data::PackEntry) -> bool| {
        let has = |generation: u32| {
            PACKS
                .iter()
                .any(|p| p.first.major() == generation && fits(p))
        };
        match (has(2), has(3)) {
            (true, false) => Some(2),
            (false, true) => Some(3),
            _ => None,
        }
    };
    if let Some((name, _, last)) = SCHEDULERS
        .iter()
        .find(|(name, ..)| Some(*name) == scheduler)
        && last.major() == 2
    {
        return of(2, format!("only 2.x has the scheduler {name}"));
    }
    if let Some(role) = role {
        // A role of that very name is meant before those that have it as an alias.
        let mut roles = roles_called(role);
        if roles.first().is_some_and(|own| *own == spelled(role)) {
            roles.truncate(1);
        }
        if let Some(generation) = generations(&|p| roles.contains(&p.role.get())) {
            return of(
                generation,
                format!("only {generation}.x has the role {role}"),
            );
        }
    }
    for feature in features.on() {
        let is_its =
            |p: &super::data::PackEntry| p.feature().is_some_and(|f| f.name() == feature.name());
        if let Some(generation) = generations(&is_its) {
            let name = feature.name();
            return of(
                generation,
                format!("only {generation}.x has the feature {name}"),
            );
        }
    }
    // All strings at once, each on a line of its own: a line break is in no mark.
    let mut lines = String::new();
    for text in strings {
        lines.push_str(text);
        lines.push('\n');
    }
    lines.make_ascii_lowercase();
    let marks = MARKS.iter().enumerate();
    let mut found: Vec<(usize, usize, &(&str, u32))> = marks
        .filter_map(|(nth, mark)| {
            let line = lines.get(..lines.find(mark.0)?)?.matches('\n').count();
            Some((line, nth, mark))
        })
        .collect();
    found.sort_unstable();
    let found: Vec<(&str, u32)> = found.into_iter().map(|(.., mark)| *mark).collect();
    let count = |generation| found.iter().filter(|(_, g)| *g == generation).count();
    let first = |generation| {
        found
            .iter()
            .find(|(_, g)| *g == generation)
            .map(|(text, _)| *text)
    };
    let (two, three) = (count(2), count(3));
    let more = if three > two { 3 } else { 2 };
    match first(more) {
        Some(mark) if two != three => of(
            more,
            format!("the policies name `{mark}`, which only {more}.x has"),
        ),
        _ => Default {
            is_open: true,
            ..of(2, "no name in the policies shows the release".to_owned())
        },
    }
}

/// The roles, in the order in which they are shown.
pub fn roles() -> impl Iterator<Item = &'static str> {
    ROLES.iter().map(|r| r.name)
}

/// The roles that a name can mean, itself before those that have it as an alias: which of them counts depends on the
/// release.
pub fn roles_called(name: &str) -> Vec<&'static str> {
    let name = spelled(name);
    let own = ROLES.iter().filter(|r| r.name == name);
    let aliased = ROLES.iter().filter(|r| r.aliases.contains(&name.as_str()));
    own.chain(aliased).map(|r| r.name).collect()
}

/// A role as the data spell it: `HeadNode` and `head_node` are `head-node`.
fn spelled(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let joined = name.replace('-', "");
    let own = ROLES.iter().find(|r| r.name.replace('-', "") == joined);
    own.map_or(name, |r| r.name.to_owned())
}

/// Other names of a role. One counts if the release has no role of that name.
pub fn aliases(role: &str) -> &'static [&'static str] {
    let found = ROLES.iter().find(|r| r.name == role);
    found.map_or(&[], |r| r.aliases)
}

/// Completes "the policies of …".
pub fn role_title(role: &str) -> Option<&'static str> {
    ROLES.iter().find(|r| r.name == role).map(|r| r.title)
}

fn known_releases() -> String {
    match (Release::all().next(), Release::all().next_back()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => String::new(),
    }
}

/// Finds the release that a text means: `2.4.1` itself, and of `2.4`, `2` or a range `2.4-2.6` the newest known one,
/// with the scheduler where there is such a one.
///
/// # Errors
///
/// [`SelectError::BadRelease`] and [`SelectError::UnknownRelease`].
pub fn resolve(text: &str, scheduler: Option<&str>) -> Result<Release, SelectError> {
    let bad = || SelectError::BadRelease {
        text: text.to_owned(),
        known: known_releases(),
    };
    let text = text.trim();
    if text.eq_ignore_ascii_case("latest") {
        return Release::newest().ok_or_else(bad);
    }
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if let Some(exact) = Release::parse(text) {
        return if Release::all().any(|r| r == exact) {
            Ok(exact)
        } else {
            exact.known_patch().ok_or_else(|| unknown(exact))
        };
    }
    let (from, to) = text
        .split_once("..")
        .or_else(|| text.split_once('-'))
        .unwrap_or((text, text));
    let from = release::parts(from.trim()).ok_or_else(bad)?;
    let to = release::parts(to.trim()).ok_or_else(bad)?;
    if Release::lowest(&from) > Release::lowest(&to) && !Release::lowest(&from).starts_with(&to) {
        return Err(bad());
    }
    let within = |r: &Release| {
        (*r >= Release::lowest(&from)) && (*r <= Release::lowest(&to) || r.starts_with(&to))
    };
    let has = |r: &Release| scheduler.is_none_or(|s| schedulers_of(*r).contains(&s));
    let all = || Release::all().filter(within);
    all()
        .rfind(has)
        .or_else(|| all().next_back())
        .ok_or_else(|| unknown(Release::lowest(&from)))
}

/// Why there is nothing for a release.
fn unknown(release: Release) -> SelectError {
    let before = Release::all().rfind(|r| *r < release);
    let after = Release::all().find(|r| *r > release);
    let known = known_releases();
    let (reason, help) = match (before, after) {
        (Some(before), Some(after)) => (
            format!("ParallelCluster {release} was never released: {before}, {after}"),
            format!("give one of these; known: {known}"),
        ),
        (Some(newest), None) => (
            format!("ParallelCluster {release} is newer than what this program knows"),
            format!("the newest release it knows is {newest}"),
        ),
        _ => (
            format!("there is no reference for ParallelCluster {release}"),
            format!("known: {known}"),
        ),
    };
    SelectError::UnknownRelease { reason, help }
}

fn check_scheduler(scheduler: &str, release: Release) -> Result<(), SelectError> {
    let found = SCHEDULERS.iter().find(|(name, ..)| *name == scheduler);
    let Some((name, _, last)) = found else {
        let legal = schedulers_of(release);
        return Err(SelectError::UnknownScheduler {
            name: scheduler.to_owned(),
            help: hint(scheduler, &legal),
        });
    };
    if release <= *last {
        return Ok(());
    }
    let next = Release::all().find(|r| r > last);
    Err(SelectError::DroppedScheduler {
        name: (*name).to_owned(),
        next: next.map(|r| r.to_string()).unwrap_or_default(),
        last: last.to_string(),
        release: release.to_string(),
        schedulers: schedulers_of(release).join(", "),
    })
}

fn roles_of(scheduler: &str, release: Release) -> Vec<&'static str> {
    let covers = |p: &&PackEntry| p.feature.is_none() && p.covers(release) && p.is_for(scheduler);
    let packs = PACKS.iter().filter(covers);
    let covered: Vec<&str> = packs.map(|p| p.role.get()).collect();
    roles().filter(|role| covered.contains(role)).collect()
}

/// The roles whose policies users may have to write, for a scheduler and a release.
///
/// # Errors
///
/// [`SelectError`] for a release or scheduler that is not known.
pub fn roles_for(scheduler: &str, release: &str) -> Result<Vec<&'static str>, SelectError> {
    let release = resolve(release, Some(scheduler))?;
    check_scheduler(scheduler, release)?;
    Ok(roles_of(scheduler, release))
}

/// The role that a name means: itself, or the one that has it as an alias in this release.
fn role_named(name: &str, scheduler: &str, release: Release) -> Result<&'static str, SelectError> {
    let legal = roles_of(scheduler, release);
    let mut meant = roles_called(name).into_iter();
    if let Some(role) = meant.find(|r| legal.contains(r)) {
        return Ok(role);
    }
    let own = spelled(name);
    let known = ROLES.iter().any(|r| r.name == own);
    let of_generation = |r: &Release| r.major() == release.major();
    let with_policy: Vec<Release> = Release::all()
        .filter(of_generation)
        .filter(|r| roles_of(scheduler, *r).contains(&own.as_str()))
        .collect();
    if known && !with_policy.is_empty() {
        return Err(SelectError::NoPolicy {
            name: name.to_owned(),
            release: release.to_string(),
            with: if has_no_scheduler(name) {
                String::new()
            } else {
                format!(" with {scheduler}")
            },
            known: ranges(&with_policy),
        });
    }
    Err(SelectError::UnknownRole {
        name: name.to_owned(),
        release: release.to_string(),
        scheduler: scheduler.to_owned(),
        help: hint(name, &legal),
    })
}

/// `3.0.0 to 3.6.0, 3.14.0`: releases that follow one another as ranges.
pub(super) fn ranges(releases: &[Release]) -> String {
    let mut out: Vec<(Release, Release)> = Vec::new();
    for release in releases {
        let before = Release::all().rfind(|r| r < release);
        match out.last_mut() {
            Some((_, last)) if Some(*last) == before => *last = *release,
            _ => out.push((*release, *release)),
        }
    }
    let words = out.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The features of a group to try. A cluster has one feature of the group, and it may not be known which. A feature
/// without a policy in this release counts only if it is given, or if another is known to be off: then nothing of the
/// others is required.
fn modes(
    role: &str,
    scheduler: &str,
    release: Release,
    features: &Features,
) -> Vec<Option<Feature>> {
    let mut grouped: Vec<Feature> = pack::entries(role, scheduler, release)
        .filter_map(super::data::PackEntry::feature)
        .filter(|f| f.group().is_some())
        .collect();
    let groups: Vec<_> = grouped.iter().map(|f| f.group()).collect();
    let is_rival = |f: &Feature| f.group().is_some() && groups.contains(&f.group());
    let said: Vec<Option<Feature>> = features.on().filter(is_rival).map(Some).collect();
    if grouped.iter().any(|f| features.is_off(*f)) {
        grouped.extend(Feature::all().filter(is_rival));
    }
    grouped.retain(|f| !features.is_off(*f));
    grouped.sort_by_key(|f| Feature::all().position(|other| other.name() == f.name()));
    grouped.dedup_by_key(|f| f.name());
    match (said.is_empty(), grouped.is_empty()) {
        (false, _) => said,
        (true, false) => grouped.into_iter().map(Some).collect(),
        (true, true) => vec![None],
    }
}

/// The references that answer a query. There are several where no role is given, and where a role has several
/// alternatives where it is not known which the cluster has; those of one role follow one another, the usual one first.
///
/// # Errors
///
/// [`SelectError`], whose help names the legal values.
pub fn candidates(query: Query<'_>) -> Result<Vec<Reference>, SelectError> {
    let Query {
        scheduler,
        features,
        ..
    } = query;
    let release = resolve(query.release, Some(scheduler))?;
    check_scheduler(scheduler, release)?;
    let roles = match query.role {
        Some(name) => vec![role_named(name, scheduler, release)?],
        None => roles_of(scheduler, release),
    };
    let mut all = Vec::new();
    for role in roles {
        for mode in modes(role, scheduler, release, features) {
            all.push(pack::compose(Wanted {
                role,
                scheduler,
                release,
                features,
                mode,
            }));
        }
    }
    Ok(all)
}

/// The policy of a role, nothing said of features.
///
/// # Errors
///
/// [`SelectError`], whose help names the legal values.
pub fn select(role: &str, scheduler: &str, release: &str) -> Result<Reference, SelectError> {
    let features = Features::default();
    let found = candidates(Query {
        role: Some(role),
        scheduler,
        release,
        features: &features,
    })?;
    Ok(found.into_iter().next().unwrap_or_default())
}
