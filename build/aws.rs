//! What AWS's catalogue does not say: resource types, actions, alphabets of names, Regions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::input::{check_action, fail, read, write};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceTypes {
    r#type: Vec<OwnType>,
    listed: Vec<ActionTypes>,
    needed: Vec<ActionTypes>,
    outside: Vec<Outside>,
    checked: Vec<CheckedType>,
    shared: Vec<SharedTypes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnType {
    service: String,
    r#type: String,
    arn: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckedType {
    service: String,
    r#type: String,
    suffix: String,
    except: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    ends: String,
    ends_source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedTypes {
    service: String,
    types: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionTypes {
    action: String,
    types: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    service: String,
    r#type: String,
    accounts: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionFacts {
    free: Vec<FreeAction>,
    absent: Vec<AbsentKey>,
    same: Vec<SameKeys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SameKeys {
    service: String,
    keys: [String; 2],
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AbsentKey {
    action: String,
    key: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FreeAction {
    actions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameClasses {
    name: Vec<NameClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameClass {
    service: String,
    names: Vec<String>,
    characters: String,
    #[serde(rename = "source")]
    _source: String,
}

/// `rules/regions.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Regions {
    known: KnownRegions,
    partition: Vec<Partition>,
    us_east_1: RequestRegions,
    passed: RequestRegions,
    unknown: RequestRegions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Partition {
    name: String,
    #[serde(default)]
    prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownRegions {
    names: Vec<String>,
    directions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestRegions {
    services: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

/// Facts about resource types.
pub(super) fn write_resource_types(rules: &Path, out: &Path, code: &mut String) {
    let types: ResourceTypes = read(&rules.join("resource-types.toml"));
    code.push_str("pub(super) static NEEDED_TYPES: &[(&str, &[&str])] = &[\n");
    for needed in &types.needed {
        let _ = writeln!(
            code,
            "    ({:?}, &{:?}),",
            needed.action.to_ascii_lowercase(),
            needed.types
        );
    }
    code.push_str("];\npub(super) static OUTSIDE: &[(&str, &str, &[&str])] = &[\n");
    for outside in &types.outside {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, &{:?}),",
            outside.service, outside.r#type, outside.accounts
        );
    }
    code.push_str("];\n");

    let mut checked = String::from("pub(super) static CHECKED: &[Checked] = &[\n");
    for kind in &types.checked {
        kind.except
            .iter()
            .for_each(|a| check_action(&rules.join("resource-types.toml"), a));
        let except: Vec<&str> = { kind.except.iter() }
            .filter_map(|a| a.split_once(':'))
            .map(|(_, name)| name)
            .collect();
        let _ = writeln!(
            checked,
            "    Checked {{ service: {:?}, kind: {:?}, suffix: {:?}, except: &{except:?}, ends: {:?}, ends_source: {:?} }},",
            kind.service, kind.r#type, kind.suffix, kind.ends, kind.ends_source
        );
    }
    checked
        .push_str("];\n\n/// Service, action, and its types as a row of the catalogue has them.\n");
    checked.push_str("static LISTED: &[(&str, &str, &str)] = &[\n");
    for listed in &types.listed {
        check_action(&rules.join("resource-types.toml"), &listed.action);
        let (service, name) = listed.action.split_once(':').unwrap_or_default();
        let columns = listed.types.join("\t");
        let _ = writeln!(checked, "    ({service:?}, {name:?}, {columns:?}),");
    }
    checked.push_str("];\n\n/// Service, type, and its row as a catalogue has it.\n");
    checked.push_str("static TYPES: &[(&str, &str, &str)] = &[\n");
    for own in &types.r#type {
        let row = format!("{}\t{}", own.r#type, own.arn);
        let _ = writeln!(
            checked,
            "    ({:?}, {:?}, {row:?}),",
            own.service, own.r#type
        );
    }
    checked.push_str("];\n");
    write(out, "checked.rs", checked);

    code.push_str("pub(super) static SHARED: &[(&str, &[&str])] = &[\n");
    for shared in &types.shared {
        let _ = writeln!(code, "    ({:?}, &{:?}),", shared.service, shared.types);
    }
    code.push_str("];\n");
}

/// Facts about single actions.
pub(super) fn write_actions(rules: &Path, code: &mut String) {
    let path = rules.join("actions.toml");
    let actions: ActionFacts = read(&path);
    let free: Vec<String> = { actions.free.iter().flat_map(|f| &f.actions) }
        .inspect(|a| check_action(&path, a))
        .map(|a| a.to_ascii_lowercase())
        .collect();
    let free: Vec<(&str, &str)> = free.iter().filter_map(|a| a.split_once(':')).collect();
    let _ = writeln!(
        code,
        "pub(super) static FREE_ACTIONS: &[(&str, &str)] = &{free:?};"
    );
    let absent: Vec<(String, String)> = { actions.absent.iter() }
        .inspect(|a| check_action(&path, &a.action))
        .map(|a| (a.action.to_ascii_lowercase(), a.key.to_ascii_lowercase()))
        .collect();
    let _ = writeln!(
        code,
        "pub(super) static ABSENT_KEYS: &[(&str, &str)] = &{absent:?};"
    );
    let same = actions.same.iter().map(|same| {
        let [global, own] = &same.keys;
        (
            &same.service,
            global.to_ascii_lowercase(),
            own.to_ascii_lowercase(),
        )
    });
    let same: Vec<_> = same.collect();
    let _ = writeln!(
        code,
        "pub(super) static SAME_KEYS: &[(&str, &str, &str)] = &{same:?};"
    );
}

/// The characters that names of AWS may have.
pub(super) fn write_name_characters(rules: &Path, code: &mut String) {
    let path = rules.join("name-characters.toml");
    let classes: NameClasses = read(&path);
    let mut listed: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for class in &classes.name {
        for name in &class.names {
            if listed
                .insert((&class.service, name), &class.characters)
                .is_some()
            {
                fail(
                    &path,
                    &format!("`{name}` of {} stands twice", class.service),
                );
            }
        }
    }
    code.push_str("pub(super) static NAMES: &[(&str, &str, &str)] = &[\n");
    for ((service, name), characters) in &listed {
        let _ = writeln!(code, "    ({service:?}, {name:?}, {characters:?}),");
    }
    code.push_str("];\n");
}

/// The partitions and the prefixes of their Regions, in the same order.
pub(super) fn write_partitions(rules: &Path, code: &mut String) {
    let path = rules.join("regions.toml");
    let regions = read::<Regions>(&path);
    let lengths = regions.known.names.iter().map(String::len);
    let lengths = (lengths.clone().min(), lengths.max());
    let lengths = (lengths.0.unwrap_or_default(), lengths.1.unwrap_or_default());
    let _ = writeln!(
        code,
        "/// The length of the shortest and of the longest name of a Region.\npub(crate) const REGION_LENGTHS: (usize, usize) = {lengths:?};"
    );
    let partitions = regions.partition;
    let names: Vec<&str> = partitions.iter().map(|p| p.name.as_str()).collect();
    let prefixes: Vec<&str> = partitions.iter().map(|p| p.prefix.as_str()).collect();
    for (name, list) in [("PARTITIONS", names), ("REGION_PREFIXES", prefixes)] {
        let _ = writeln!(
            code,
            "pub(crate) const {name}: [&str; {}] = {list:?};",
            list.len()
        );
    }
}

/// The Regions, and those that requests to global services carry.
pub(super) fn write_regions(rules: &Path, code: &mut String) {
    let path = rules.join("regions.toml");
    let regions: Regions = read(&path);
    let known = &regions.known;
    for (name, list) in [("REGIONS", &known.names), ("DIRECTIONS", &known.directions)] {
        let _ = writeln!(code, "pub(super) static {name}: &[&str] = &{list:?};");
    }
    for (name, list) in [
        ("US_EAST_1", &regions.us_east_1),
        ("REGION_PASSED", &regions.passed),
        ("REGION_UNKNOWN", &regions.unknown),
    ] {
        list.actions.iter().for_each(|a| check_action(&path, a));
        let actions = list.actions.iter().map(|a| a.to_ascii_lowercase());
        let names: Vec<String> = list.services.iter().cloned().chain(actions).collect();
        let _ = writeln!(code, "pub(super) static {name}: &[&str] = &{names:?};");
    }
}
