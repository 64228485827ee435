//! The choice of the reference for the policies of a role.

use super::candidates::Candidates;
use super::fit::{Judged, best};
use super::meeting::Named;
use super::trial::Trial;
use super::{Against, NoRoleFits, Settings, fitting_of};
use crate::catalog::Catalog;
use crate::parser::Policy;
use crate::reference::Reference;
use crate::reference::bindings::Origin;

/// The reference that fits, with all that is known to be missing from it, and the values that it is judged with.
#[derive(Debug)]
pub struct Chosen {
    /// The reference. Its gaps are among its statements.
    pub reference: Reference,
    /// Each placeholder with its value and where that comes from, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
    /// The reference and the values before anything was inferred.
    pub asked: Asked,
}

impl Chosen {
    /// Adds the requirements of another reference.
    pub fn join(&mut self, other: Chosen) {
        for mut statement in other.reference.statements {
            statement.index = self.reference.statements.len();
            self.reference.statements.push(statement);
        }
        let is_new = |(name, ..): &(String, String, String)| {
            let mut given = self.given.iter();
            given.all(|(known, ..)| known != name)
        };
        let new: Vec<_> = other.given.into_iter().filter(is_new).collect();
        self.given.extend(new);
    }
}

/// The input of a run, before it infers anything.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The reference, its gaps apart.
    pub reference: Reference,
    /// The values that were given, as in [`Settings::given`].
    pub given: Vec<(String, String, String)>,
}

/// The source of a value that was inferred from the policies.
pub const INFERRED: &str = "inferred";

/// Chooses the reference for the policies of a role, and infers the other values.
///
/// # Errors
///
/// [`NoRoleFits`] as from [`check`](super::check()).
pub fn choose(
    catalog: &Catalog,
    policies: &[&Policy],
    against: &Against,
    settings: &Settings,
) -> Result<Chosen, NoRoleFits> {
    let candidates = Candidates::new(policies, against, settings);
    let unlimited = settings.unlimited();
    let wide = { unlimited.as_ref() }.map(|settings| Candidates::new(policies, against, settings));
    let Judged { trial, .. } = fitting_of(&candidates, wide.as_ref(), catalog, against)?;
    let mut reference = trial.reference.clone();
    for gap in std::mem::take(&mut reference.gaps) {
        for mut statement in gap.statements {
            statement.index = reference.statements.len();
            reference.statements.push(statement);
        }
    }
    let given = trial.bindings.iter().map(|(name, bound)| {
        let origin = match &bound.origin {
            Origin::Flag(flag) => flag.clone(),
            Origin::Inferred(..) => INFERRED.to_owned(),
            Origin::Default | Origin::Required | Origin::Follows(_) => "default".to_owned(),
        };
        (name.to_owned(), bound.value.clone(), origin)
    });
    Ok(Chosen {
        given: given.collect(),
        reference,
        asked: Asked {
            reference: trial.reference.clone(),
            given: settings.given.clone(),
        },
    })
}

/// Whether policies fit a candidate of `other` better than each of `one`, and grant most of what that requires.
pub fn fits_better(
    catalog: &Catalog,
    policies: &[&Policy],
    other: &Against,
    one: &Against,
    settings: &Settings,
) -> bool {
    let named = Named::of(policies, settings);
    let mut references = other.references().iter();
    if !references.any(|reference| named.may_grant_most(reference)) {
        return false;
    }
    let of_other = Candidates::new(policies, other, settings);
    let Some((_, other)) = best(&of_other, catalog) else {
        return false;
    };
    if other.fit.is_least() {
        return false;
    }
    let of_one = Candidates::new(policies, one, settings);
    // A role that is granted a little beats one that is granted next to nothing.
    best(&of_one, catalog).is_none_or(|(_, one)| {
        other.fit.mean_is_above(one.fit) && (other.fit.is_most() || one.fit.is_least())
    })
}

/// The values that a run judges some policies with: those that were given, and those that it infers.
pub fn values(policies: &[Policy], asked: &Asked) -> Vec<(String, String)> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let settings = Settings {
        given: asked.given.clone(),
        ..Settings::default()
    };
    let (trial, _) = Trial::new(&policies, &asked.reference, &settings);
    let values = trial.bindings.iter();
    values
        .map(|(name, bound)| (name.to_owned(), bound.value.clone()))
        .collect()
}
