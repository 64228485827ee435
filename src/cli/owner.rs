//! The owner of policy files, by the name of the role in them.

use std::collections::BTreeSet;

use super::Error;
use super::cluster::Configured;
use crate::check;
use crate::cluster::Role;
use crate::inventory::{Kind, Principal};
use crate::lints::File;
use crate::parser::{Owner, SourceId, Sources, Span, Spanned, Tags, name_in, role_arn, shorten};
use crate::reference;

/// The roles of a cluster that one IAM role serves.
pub(super) struct Owned {
    /// Names of `rules/roles.toml`, each with the reason; completes "because …".
    pub(super) roles: Vec<(&'static str, String)>,
    /// The warning if the configuration does not name the role.
    pub(super) doubt: Option<String>,
}

/// Finds the roles of the cluster whose policies these files are.
///
/// # Errors
///
/// [`Error::SeveralRoles`] where the files are those of different IAM roles.
pub(super) fn owned(
    files: &[&File],
    sources: &Sources,
    configured: Option<&Configured>,
) -> Result<Option<Owned>, Error> {
    let mut owners: Vec<(SourceId, &Owner, Spanned<String>)> = Vec::new();
    let mut of_profiles = Vec::new();
    for file in files {
        for owner in &file.document.owners {
            if let Some(name) = owner.role_name() {
                owners.push((file.source, owner, name));
            } else if let Some(profile) = owner.profiles.first() {
                of_profiles.push((file.source, owner, profile.clone()));
            }
        }
    }
    // A template may leave the name of the role to AWS, and name the instance profile.
    let is_named = !owners.is_empty();
    if !is_named {
        owners = of_profiles;
        owners.truncate(1);
    }
    let Some((source, _, name)) = owners.first() else {
        return Ok(None);
    };
    let arn = owners.iter().find_map(|(_, owner, _)| owner.arn.as_ref());
    let differs = |(_, owner, other): &&(SourceId, &Owner, Spanned<String>)| {
        other.value != name.value
            || owner
                .arn
                .as_ref()
                .is_some_and(|a| arn.is_some_and(|b| a != b))
    };
    let place =
        |source: &SourceId, name: &Spanned<String>| check::place(sources, *source, name.span);
    if let Some((other_source, _, other)) = owners.iter().find(differs) {
        return Err(Error::SeveralRoles {
            one: format!("`{}` ({})", shorten(&name.value), place(source, name)),
            other: format!(
                "`{}` ({})",
                shorten(&other.value),
                place(other_source, other)
            ),
        });
    }
    let profiles: Vec<&Spanned<String>> = owners
        .iter()
        .flat_map(|(_, owner, _)| &owner.profiles)
        .collect();
    let Some(configured) = configured else {
        return Ok(None);
    };
    let subject = format!(
        "{} is of the {} `{}`",
        place(source, name),
        if is_named {
            "role"
        } else {
            "role in the instance profile"
        },
        shorten(&name.value)
    );
    let own = if is_named { name.value.as_str() } else { "" };
    let mut roles: Vec<(&'static str, String)> = Vec::new();
    for given in configured.roles() {
        let Some(how) = matches(given, own, arn.map(|a| a.value.as_str()), &profiles) else {
            continue;
        };
        if roles.iter().all(|(role, _)| *role != given.role) {
            let from = configured.place(sources, given.value.span);
            let how = if is_named { how } else { "which is the one" };
            let whose = reference::role_title(given.role).unwrap_or(given.role);
            let reason = format!("{subject}, {how} for {whose} in {from}");
            roles.push((given.role, reason));
        }
    }
    let doubt = (roles.is_empty() && !configured.roles().is_empty()).then(|| {
        let named: BTreeSet<&str> = configured
            .roles()
            .iter()
            .map(|r| r.value.value.as_str())
            .collect();
        let named: Vec<String> = named.iter().map(|n| format!("`{}`", shorten(n))).collect();
        format!(
            "{subject}, which {} does not name: it names {}",
            configured.path(),
            named.join(", ")
        )
    });
    Ok(Some(Owned { roles, doubt }))
}

/// The role that ParallelCluster created, where the files are those of one, and the reason why it is that one; completes
/// "because …".
pub(super) fn created(
    files: &[&File],
    sources: &Sources,
) -> Option<(&'static reference::Created, String)> {
    let mut owners =
        { files.iter() }.flat_map(|f| f.document.owners.iter().map(|owner| (f.source, owner)));
    let (source, owner) = owners.next()?;
    let name = owner.role_name()?;
    let arn = owner.full_arn.as_deref();
    let path = arn.and_then(|arn| Some(arn.split_once(":role/")?.1));
    let created = reference::Created::named(path.unwrap_or(&name.value))?;
    let reason = format!(
        "ParallelCluster created it: {} is of the role `{}`",
        check::place(sources, source, name.span),
        shorten(&name.value)
    );
    Some((created, reason))
}

/// The principal whose policies these files are, as far as the input says who it is.
pub(super) fn who(
    defined: Option<&Principal>,
    files: &[&File],
    configured: Option<&Configured>,
) -> check::Who {
    let owners: Vec<&Owner> = files.iter().flat_map(|f| &f.document.owners).collect();
    let full_arn = defined.and_then(|p| p.full_arn.as_ref());
    let kind = match defined.map(|p| (p.kind, &p.trust)) {
        Some((Kind::User | Kind::Group, _)) => Some("user"),
        Some((Kind::Role, Some(trust))) if trust.is_of_services() => Some("service"),
        Some((Kind::Role | Kind::Function, _)) => Some("role"),
        Some((Kind::Policy, _)) if full_arn.is_some_and(|arn| arn.contains(":user/")) => {
            Some("user")
        }
        Some((Kind::Policy, _)) if full_arn.is_some() => Some("role"),
        Some((Kind::Policy, _)) | None => {
            { owners.first() }.map(|owner| if owner.is_user() { "user" } else { "role" })
        }
    };
    let user = { defined.iter() }
        .filter(|p| p.kind == Kind::User)
        .flat_map(|p| &p.aliases)
        .find(|alias| alias.starts_with("arn:") && alias.contains(":user/"));
    let mut arns: Vec<&String> = owners.iter().filter_map(|o| o.full_arn.as_ref()).collect();
    arns.extend(user.or(full_arn));
    // The files of several users are of none of them.
    let users = owners.iter().filter(|owner| owner.is_user());
    let users: BTreeSet<&str> = users
        .filter_map(|owner| Some(name_in(owner.full_arn.as_ref()?).trim_start_matches('*')))
        .collect();
    arns.retain(|arn| !(arn.contains(":user/") && users.len() > 1));
    // The ARN of a dump says more than the name in a file beside it.
    let whole = arns.iter().find(|arn| !arn.contains(['*', '$']));
    let arn = whole.or(arns.first()).map(|arn| (*arn).clone());
    let of_roles = configured.map_or(&[] as &[Role], Configured::roles).iter();
    let of_roles = of_roles.filter(|role| !role.is_profile).filter_map(|role| {
        let value = &role.value.value;
        let arn = match value.strip_prefix("arn:") {
            Some(rest) => rest.contains(":role/").then(|| value.clone()),
            None => role_arn(None, value),
        };
        Some((role.role, arn?))
    });
    check::Who {
        kind,
        arn,
        of_roles: of_roles.collect(),
        tags: tags(&owners),
        home: home(defined, files),
    }
}

/// The account of the principal, where the ARNs of the input agree on one.
fn home(defined: Option<&Principal>, files: &[&File]) -> Option<check::Home> {
    let of_owners = files.iter().flat_map(|file| {
        let owners = file.document.owners.iter().filter_map(|o| o.arn.as_ref());
        owners.map(|arn| (arn.value.as_str(), (file.source, arn.span)))
    });
    let of_principal = defined.into_iter().flat_map(|principal| {
        let arns = principal.aliases.iter().map(String::as_str);
        arns.map(|arn| (arn, (principal.source, principal.span)))
    });
    let of = |(arn, place): (&str, (SourceId, Span))| check::Home::of(arn, place);
    let mut all = of_owners.chain(of_principal).filter_map(of);
    let first = all.next()?;
    all.all(|other| other.values() == first.values())
        .then_some(first)
}

/// The tags of the role, where the files agree on them.
fn tags(owners: &[&Owner]) -> Tags {
    let mut known = owners.iter().map(|owner| &owner.tags);
    let first = known.next().cloned().unwrap_or_default();
    if known.all(|other| *other == first) {
        first
    } else {
        Tags::default()
    }
}

/// Whether an IAM role is the one that a configuration names.
pub(super) fn is_of(given: &Role, owner: &Owner) -> bool {
    let arn = owner.arn.as_ref().map(|arn| arn.value.as_str());
    let profiles: Vec<&Spanned<String>> = owner.profiles.iter().collect();
    let name = owner.role_name();
    name.is_some_and(|name| matches(given, &name.value, arn, &profiles).is_some())
}

/// How an IAM role is the one that a configuration names.
fn matches(
    given: &Role,
    name: &str,
    arn: Option<&str>,
    profiles: &[&Spanned<String>],
) -> Option<&'static str> {
    let wanted = given.value.value.as_str();
    let is_arn = wanted.starts_with("arn:");
    if given.is_profile {
        if profiles.is_empty() {
            return (name_in(wanted) == name)
                .then_some("which has the name of the instance profile");
        }
        let mut profiles = profiles.iter();
        let is_it = |profile: &&&Spanned<String>| {
            if profile.value.starts_with("arn:") && is_arn {
                profile.value == wanted
            } else {
                name_in(&profile.value) == name_in(wanted)
            }
        };
        return profiles
            .find(is_it)
            .map(|_| "whose instance profile is the one");
    }
    let is_it = match arn {
        Some(arn) if is_arn => arn == wanted,
        _ => name_in(wanted) == name,
    };
    is_it.then_some("which is the one")
}
