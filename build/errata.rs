//! What the documented policies of a release do not contain although it is needed: `rules/errata.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{Names, Releases, check_action, one_of, read, release_code};
use super::texts::Texts;

/// `rules/errata.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Erratum {
    #[serde(skip_serializing)]
    role: String,
    #[serde(default, skip_serializing)]
    schedulers: Vec<String>,
    #[serde(skip_serializing)]
    feature: Option<String>,
    #[serde(skip_serializing)]
    releases: Releases,
    actions: Vec<String>,
    resources: Vec<String>,
    cause: String,
    failure: String,
    since: Option<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Errata {
    erratum: Vec<Erratum>,
}

/// Permissions missing from AWS's documented policies: one text each, read only where it applies.
pub(super) fn write(rules: &Path, names: &Names, texts: &mut Texts, code: &mut String) {
    let path = rules.join("errata.toml");
    let errata: Errata = read(&path);
    code.push_str("pub(super) static ERRATA: &[ErratumEntry] = &[\n");
    for erratum in &errata.erratum {
        one_of(
            &path,
            "role in rules/roles.toml",
            &erratum.role,
            &names.roles,
        );
        one_of(
            &path,
            "cause",
            &erratum.cause,
            &[
                "documentation",
                "aws",
                "template",
                "condition",
                "neighbor",
                "resource",
            ],
        );
        one_of(
            &path,
            "failure",
            &erratum.failure,
            &["certain", "function", "first-use", "ungranted"],
        );
        names.check_releases(&path, &erratum.releases);
        names.check_schedulers(&path, &erratum.schedulers);
        names.check_feature(&path, erratum.feature.as_ref());
        erratum.actions.iter().for_each(|a| check_action(&path, a));
        let _ = writeln!(
            code,
            "    ErratumEntry {{ role: {}, schedulers: {}, feature: {}, first: {}, last: {}, json: {} }},",
            texts.text(&erratum.role),
            texts.schedulers(&erratum.schedulers),
            texts.optional(erratum.feature.as_ref()),
            release_code(&path, &erratum.releases.first),
            release_code(&path, &erratum.releases.last),
            texts.text(&serde_json::to_string(erratum).expect("an erratum is JSON")),
        );
    }
    code.push_str("];\n");
}
