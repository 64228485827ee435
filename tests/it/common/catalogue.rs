//! What AWS lists of actions, read from `rules/` without the program's code: types, their condition keys, the characters of
//! names, and what is known of a principal's keys.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// A resource type of an action.
#[derive(Debug)]
pub struct Type {
    pub name: String,
    /// The ARN formats.
    pub formats: Vec<String>,
    /// The condition keys of the action on this type.
    keys: Vec<String>,
}

/// An action.
#[derive(Debug)]
pub struct Listed {
    pub types: Vec<Type>,
    /// The condition keys of all its requests.
    keys: Vec<String>,
}

const CATALOGUE: &str = include_str!("../../../rules/catalog.txt");

fn keys(column: &str) -> Vec<String> {
    let keys = column.split(',').filter(|k| !k.is_empty());
    keys.map(str::to_lowercase).collect()
}

/// The keys of a service's own tags are the same as AWS's.
fn plain(key: &str) -> String {
    match key.split_once(":resourcetag/") {
        Some((_, tag)) => format!("aws:resourcetag/{tag}"),
        None => key.to_owned(),
    }
}

fn has(listed: &[String], key: &str) -> bool {
    let key = plain(&key.to_lowercase());
    listed.iter().any(|l| {
        let listed = plain(l);
        match listed.split_once("${") {
            Some((start, _)) => key.strip_prefix(start).is_some_and(|tag| !tag.is_empty()),
            None => listed == key,
        }
    })
}

/// The tables of a service: lines of resource types, of condition keys, of actions.
fn tables(service: &str) -> Option<Vec<Vec<&'static str>>> {
    let head = format!("\n[{service}]\n");
    let (_, rest) = CATALOGUE.split_once(&head)?;
    let own = rest.split("\n[").next()?;
    Some(own.split("\n\n").map(|t| t.lines().collect()).collect())
}

/// What AWS lists of an action; `None` for an unknown one.
pub fn action(action: &str) -> Option<Listed> {
    let (service, name) = action.split_once(':')?;
    let tables = tables(&service.to_lowercase())?;
    let row = tables.last()?.iter().find(|row| {
        let own = row.split('\t').next();
        own.is_some_and(|own| own.eq_ignore_ascii_case(name))
    })?;
    let mut columns = row.split('\t').skip(2);
    let shared = columns.next().unwrap_or_default();
    let types = columns.filter(|c| !c.is_empty()).map(|column| {
        let (name, own) = column.split_once('|').unwrap_or((column, ""));
        let name = name.trim_end_matches('*');
        let rows = tables.first().into_iter().flatten();
        let formats = rows.filter_map(|row| {
            let mut columns = row.split('\t');
            (columns.next() == Some(name)).then(|| columns.next().unwrap().to_owned())
        });
        Type {
            name: name.to_owned(),
            formats: formats.collect(),
            keys: keys(own),
        }
    });
    Some(Listed {
        types: types.collect(),
        keys: keys(shared),
    })
}

impl Listed {
    /// Whether requests on one of its types do not have a condition key: AWS lists the key for another type and not for
    /// this one. Of a type without any keys the list may be incomplete.
    pub fn lacks(&self, kind: usize, key: &str) -> bool {
        let own = &self.types[kind].keys;
        let mut others = self.types.iter().enumerate().filter(|(at, _)| *at != kind);
        !own.is_empty()
            && !has(own, key)
            && !has(&self.keys, key)
            && others.any(|(_, t)| has(&t.keys, key))
    }

    /// The types that an ARN can be of.
    pub fn types_of(&self, arn: &str) -> Vec<usize> {
        let fits = |t: &Type| t.formats.iter().any(|format| is_of(format, arn));
        let all = 0..self.types.len();
        all.filter(|at| fits(&self.types[*at])).collect()
    }
}

/// The characters of names, by the service of the ARN and the name in its format.
static CHARACTERS: LazyLock<BTreeMap<(String, String), String>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/name-characters.toml");
    let table: toml::Table = text.parse().unwrap();
    let mut all = BTreeMap::new();
    for entry in table["name"].as_array().unwrap() {
        let own = |key: &str| entry[key].as_str().unwrap().to_owned();
        for name in entry["names"].as_array().unwrap() {
            let name = name.as_str().unwrap().to_owned();
            all.insert((own("service"), name), own("characters"));
        }
    }
    all
});

/// A part of a format as an expression: `*` is any text.
fn with_stars(text: &str, field: usize) -> String {
    let any = if field < 5 { "[^:]*" } else { ".*" };
    regex::escape(text).replace(r"\*", any)
}

/// Whether an ARN is one of a format, its names made of the characters that AWS allows.
pub fn is_of(format: &str, arn: &str) -> bool {
    let service = format.split(':').nth(2).unwrap_or_default().to_owned();
    let mut expression = "^".to_owned();
    for (at, field) in format.splitn(6, ':').enumerate() {
        if at > 0 {
            expression.push(':');
        }
        let mut rest = field;
        while let Some((before, behind)) = rest.split_once("${") {
            let (name, behind) = behind.split_once('}').unwrap();
            expression.push_str(&with_stars(before, at));
            let characters = CHARACTERS.get(&(service.clone(), name.to_owned()));
            match characters {
                _ if at < 5 => expression.push_str("[^:]*"),
                Some(set) => expression.extend(["[", set.as_str(), "]+"]),
                None => expression.push_str(".+"),
            }
            rest = behind;
        }
        expression.push_str(&with_stars(rest, at));
    }
    // Requests on log groups carry `:log-stream:` behind their names.
    expression.push_str(if service == "logs" {
        "(:log-stream:)?$"
    } else {
        "$"
    });
    Regex::new(&expression).unwrap().is_match(arn)
}

/// What is known of a condition key of a principal's requests.
#[derive(Clone, PartialEq, Debug)]
pub enum Own {
    Absent,
    Present,
    /// A text that matches a pattern.
    Like(String),
}

struct PrincipalEntry {
    principals: Vec<String>,
    services: Vec<String>,
    keys: Vec<String>,
    own: Own,
}

static PRINCIPALS: LazyLock<Vec<PrincipalEntry>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/principals.toml");
    let table: toml::Table = text.parse().unwrap();
    let entries = table["key"].as_array().unwrap().iter();
    let entry = |entry: &toml::Value| {
        let list = |key: &str| {
            let own = entry.get(key).and_then(toml::Value::as_array);
            let own = own.into_iter().flatten();
            own.map(|v| v.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let own = match entry.get("like") {
            Some(like) => Own::Like(like.as_str().unwrap().to_owned()),
            None if entry.get("absent").is_some() => Own::Absent,
            None => Own::Present,
        };
        PrincipalEntry {
            principals: list("principals"),
            services: list("services"),
            keys: list("keys").iter().map(|k| k.to_lowercase()).collect(),
            own,
        }
    };
    entries.map(entry).collect()
});

/// What is known of a key (in lower case) in a principal's requests for the actions of a service.
pub fn of_principal(principal: &str, service: &str, key: &str) -> Option<Own> {
    let named = |who: &str| {
        let mut entries = PRINCIPALS.iter().filter(|e| {
            e.principals.iter().any(|p| p == who)
                && (e.services.is_empty() || e.services.iter().any(|s| s == service))
        });
        entries.find(|e| {
            let mut keys = e.keys.iter();
            keys.any(|k| k == key || k.ends_with(':') && key.starts_with(k))
        })
    };
    let found = named(principal).or_else(|| named("any"))?;
    Some(found.own.clone())
}

/// The forms of a condition key's values, as regular expressions, by the key in lower case.
static FORMS: LazyLock<BTreeMap<String, Regex>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/condition-values.toml");
    let table: toml::Table = text.parse().unwrap();
    let mut all = BTreeMap::new();
    for entry in table["form"].as_array().unwrap() {
        let own = |key: &str| {
            let list = entry[key].as_array().unwrap().iter();
            list.map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        let forms: Vec<String> = own("forms");
        let forms = Regex::new(&format!("^(?:{})$", forms.join("|"))).unwrap();
        let keys: Vec<String> = own("keys");
        all.extend(keys.iter().map(|key| (key.to_lowercase(), forms.clone())));
    }
    all
});

/// Whether a condition key (in lower case) can have a value.
pub fn can_be(key: &str, value: &str) -> bool {
    FORMS.get(key).is_none_or(|form| form.is_match(value))
}

/// Values that a condition key (in lower case) can have; none where any text will do.
pub fn values_of(key: &str) -> Vec<String> {
    if key == "aws:principalarn" {
        // The data knows the form of the ARN, not each kind of principal.
        let kinds = ["role/a", "user/z", "other/x"];
        return kinds
            .map(|kind| format!("arn:aws:iam::123456789012:{kind}"))
            .to_vec();
    }
    let vpcs = ["aaaaaaaa", "bbbbbbbb", "a0a0a0a0", "aaaaaaaaaaaaaaaaa"];
    let values = vpcs.iter().flat_map(|id| {
        [
            format!("vpc-{id}"),
            format!("vpce-{id}"),
            format!("o-{id}zz"),
        ]
    });
    let accounts = ["123456789012", "210987654321", "000000000000"];
    let types = ["AssumedRole", "FederatedUser", "User"];
    let values = values.chain(accounts.into_iter().chain(types).map(str::to_owned));
    values
        .filter(|v| FORMS.contains_key(key) && can_be(key, v))
        .collect()
}
