//! The roles that ParallelCluster creates: `rules/created-roles.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{Names, fail, one_of, read, write_json};

/// `rules/created-roles.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    created: Vec<Created>,
    values: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Created {
    names: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    function: Option<String>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    last: Option<String>,
    source: String,
}

/// Writes them as one text that is read where a file names a role.
pub(super) fn write(rules: &Path, names: &Names, out: &Path) {
    let path = rules.join("created-roles.toml");
    let file: File = read(&path);
    for created in &file.created {
        for role in &created.roles {
            one_of(&path, "role in rules/roles.toml", role, &names.roles);
        }
        if created.function.is_some() == created.services.is_empty() {
            fail(&path, "`function` and `services` go together");
        }
    }
    write_json(out, "created_roles.json", &file);
}
