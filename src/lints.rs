//! The lints: one file per lint, each with its metadata, its check and its page of prose.
//!
//! A lint reads the [`Context`] and makes [`Finding`]s; it prints nothing. To add one, write
//! `src/lints/NAME.rs`, name it in [`ALL`], and give it a page and two fixtures (CONTRIBUTING.md).

mod allow_not_action;
mod arn;
mod attached_policy;
mod bounded;
mod condition;
mod conditional_grant;
mod coverage;
mod cross_account_trust;
mod danger;
mod denied_action;
mod depends;
mod difference;
mod duplicate_key;
mod duplicate_value;
mod effect;
mod empty_element;
mod escalation;
mod excess;
mod excess_cost;
mod excess_credentials;
mod excess_data_access;
mod excess_destruction;
mod excess_exposure;
mod excess_privileges;
mod exposed_credentials;
mod feature_gap;
mod feature_without_data;
mod federated_trust;
mod findings;
mod fix;
mod generated_gap;
mod ineffective_condition;
mod ineffective_resource;
mod ineffective_statement;
mod invalid_arn;
mod invalid_condition;
mod invalid_json;
mod invalid_policy;
mod known_gap;
mod layer;
mod left_open;
mod log_stream_arn;
mod missing_action;
mod missing_trust;
mod mixed_scope;
mod old_version;
mod open_condition;
mod open_trust;
mod over_broad_action;
mod over_broad_resource;
mod partial_resource;
mod policy_size;
mod privilege_escalation;
mod problem;
mod redundant;
mod redundant_entry;
mod redundant_statement;
mod release_mismatch;
mod trust;
mod unconditional_grant;
mod undecided;
mod unknown_action;
mod unknown_condition_key;
mod unneeded_action;
mod unneeded_trust;
mod unreplaced_placeholder;
mod unresolved;
mod unrestricted_assume_role;
mod unsupported_condition_key;
pub(crate) mod unused_ignore;
mod variable;
mod variable_misuse;
mod view;
mod weak_condition;
mod writable_code;
mod wrong_partition;
mod wrong_role;

pub use findings::{is_template, run};
pub use view::{
    Compared, Context, Extremes, File, GapRows, Lacking, OtherRole, Oversize, PrincipalName, Unread,
};

use crate::edit;
use crate::finding::{Finding, Label, Severity};
use crate::fingerprint::Fingerprint;
use view::nearest_of;

/// A check and its description.
pub struct Lint {
    /// Kebab-case name of the problem; never changes.
    pub id: &'static str,
    /// The usual severity; a finding may have another one, as its page says.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    /// The page: what it checks, why it matters, an example, how to fix it.
    pub doc: &'static str,
    /// The release of this program that brought it.
    pub since: &'static str,
    check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// Whether a lint is about permissions that nothing requires.
pub fn advises_to_narrow(id: &str) -> bool {
    excess::LINTS.contains(&id) || id.starts_with("excess-")
}

/// Every lint, sorted by id.
pub static ALL: &[&Lint] = &[
    &allow_not_action::LINT,
    &conditional_grant::LINT,
    &cross_account_trust::LINT,
    &denied_action::LINT,
    &depends::LINT,
    &duplicate_key::LINT,
    &duplicate_value::LINT,
    &empty_element::LINT,
    &excess_cost::LINT,
    &excess_credentials::LINT,
    &excess_data_access::LINT,
    &excess_destruction::LINT,
    &excess_exposure::LINT,
    &excess_privileges::LINT,
    &exposed_credentials::LINT,
    &feature_gap::LINT,
    &feature_without_data::LINT,
    &federated_trust::LINT,
    &generated_gap::LINT,
    &ineffective_condition::LINT,
    &ineffective_resource::LINT,
    &ineffective_statement::LINT,
    &invalid_arn::LINT,
    &invalid_condition::LINT,
    &invalid_json::LINT,
    &invalid_policy::LINT,
    &known_gap::LINT,
    &log_stream_arn::LINT,
    &missing_action::LINT,
    &missing_trust::LINT,
    &mixed_scope::LINT,
    &old_version::LINT,
    &open_trust::LINT,
    &over_broad_action::LINT,
    &over_broad_resource::LINT,
    &partial_resource::LINT,
    &policy_size::LINT,
    &privilege_escalation::LINT,
    &redundant_entry::LINT,
    &redundant_statement::LINT,
    &release_mismatch::LINT,
    &unconditional_grant::LINT,
    &undecided::LINT,
    &unknown_action::LINT,
    &unknown_condition_key::LINT,
    &unneeded_action::LINT,
    &unneeded_trust::LINT,
    &unreplaced_placeholder::LINT,
    &unresolved::LINT,
    &unrestricted_assume_role::LINT,
    &unsupported_condition_key::LINT,
    &unused_ignore::LINT,
    &variable_misuse::LINT,
    &weak_condition::LINT,
    &writable_code::LINT,
    &wrong_partition::LINT,
    &wrong_role::LINT,
];

/// The lint with this id.
pub fn find(id: &str) -> Option<&'static Lint> {
    ALL.iter().copied().find(|l| l.id == id)
}

/// Whether a lint reports that something required is not granted.
pub fn is_about_coverage(id: &str) -> bool {
    [
        conditional_grant::LINT.id,
        denied_action::LINT.id,
        depends::LINT.id,
        feature_gap::LINT.id,
        generated_gap::LINT.id,
        missing_action::LINT.id,
        partial_resource::LINT.id,
        undecided::LINT.id,
    ]
    .contains(&id)
}

/// Whether a lint is about gaps of AWS's own policies.
pub fn is_about_gaps(id: &str) -> bool {
    id == known_gap::LINT.id
}

/// Whether a note says that a policy becomes too long with what the report says to add.
pub fn is_about_size(note: &str) -> bool {
    note.starts_with(policy_size::ADVICE)
}

/// Whether the subject of a lint's findings is a feature of ParallelCluster.
pub fn is_about_features(id: &str) -> bool {
    [feature_gap::LINT.id, feature_without_data::LINT.id].contains(&id)
}

impl<'a> Context<'a> {
    /// The same role, compared in another way.
    #[must_use]
    pub fn with(&self, compared: Option<Compared<'a>>) -> Self {
        Context {
            oversize: None,
            lists: edit::Lists::default(),
            compared,
            ..*self
        }
    }
}

impl Lint {
    /// A finding of this lint, to be filled in.
    pub(crate) fn finding(&self, severity: Severity, message: String, label: Label) -> Finding {
        Finding {
            lint: self.id,
            severity,
            own_severity: severity,
            message,
            notes: Vec::new(),
            help: None,
            actions: Vec::new(),
            subject: None,
            sid: None,
            reference_statement: None,
            reference_sid: None,
            witness: None,
            label,
            related: Vec::new(),
            fixes: Vec::new(),
            fingerprint: Fingerprint::default(),
            suppressed: None,
        }
    }
}

/// `a`, `b` and 3 more: a list for a message, the first few in backticks.
pub(crate) fn enumerate(items: &[String]) -> String {
    const SHOWN: usize = 4;
    let quoted: Vec<String> = items.iter().take(SHOWN).map(|i| format!("`{i}`")).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => quoted.join(""),
        },
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// `1 action`, `3 actions`.
fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
