//! Files that define several roles: which of them are judged, and what each is made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::boundary::managed_boundary;
use super::chosen::{Chosen, Setting};
use super::dump::Dump;
use super::input::{self, Content};
use super::{Error, InputArgs};
use crate::check::Against;
use crate::inventory::cloudformation::{self, Given};
use crate::inventory::{Document, Inventory, Kind, Principal as Defined, Trust};
use crate::lints::{File, PrincipalName};
use crate::parser::{Attachment, SourceId, Sources, Span};
use crate::reference::{self, Created, Principal};

/// Values of parameters by name. `None` is the value that the stack has (`UsePreviousValue`), which is not known.
pub(super) type Parameters = BTreeMap<String, Option<String>>;

/// Parameters of the command line: those of `--parameters`, and then those of `--parameter`.
///
/// # Errors
///
/// [`Error::BadValue`] and [`Error::BadFile`].
pub(super) fn parameters(args: &InputArgs) -> Result<Parameters, Error> {
    parameters_of(&args.parameters, &args.parameter)
}

/// The values that are known.
pub(super) fn known<M: FromIterator<(String, String)>>(parameters: &Parameters) -> M {
    let all = parameters.iter();
    all.filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
        .collect()
}

/// The same for the values of these options.
///
/// # Errors
///
/// As above.
pub(super) fn parameters_of(files: &[PathBuf], texts: &[String]) -> Result<Parameters, Error> {
    let mut all = BTreeMap::new();
    for path in files.iter().filter(|path| !is_values(path)) {
        read(path, &mut all)?;
    }
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Error::BadValue {
                option: "--parameter",
                value: text.clone(),
                reason: "it has no `=`".to_owned(),
                help: "write --parameter NAME=VALUE".to_owned(),
            });
        };
        all.insert(name.trim().to_owned(), Some(value.to_owned()));
    }
    Ok(all)
}

/// Whether a file has the values of the variables of a Terraform module, by its name.
pub(super) fn is_values(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

/// Reads a file of parameters, in one of the forms that `aws cloudformation` takes.
///
/// <https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/>
fn read(path: &Path, all: &mut Parameters) -> Result<(), Error> {
    const HELP: &str = "write [{\"ParameterKey\": \"Name\", \"ParameterValue\": \"value\"}], \
        {\"Parameters\": {\"Name\": \"value\"}} or [\"Name=value\"]";
    let cannot = |reason: String| Error::BadFile {
        option: "--parameters",
        path: path.to_string_lossy().into_owned(),
        reason,
        help: HELP.to_owned(),
    };
    let bytes = input::read(path, Content::Other).map_err(|p| cannot(p.message.clone()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| cannot(format!("it is not JSON: {e}")))?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(value) => Some(value.to_string()),
        _ => None,
    };
    let none = || cannot("it has no parameters".to_owned());
    match &value {
        serde_json::Value::Array(elements) => {
            for element in elements {
                let pair = if let serde_json::Value::String(pair) = element {
                    pair.split_once('=')
                        .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
                } else {
                    let name = element.get("ParameterKey").and_then(text);
                    let is_previous = element.get("UsePreviousValue").and_then(text);
                    let value = match is_previous.as_deref() {
                        Some("true") => Some(None),
                        _ => element.get("ParameterValue").and_then(text).map(Some),
                    };
                    name.zip(value)
                };
                let (name, value) = pair.ok_or_else(none)?;
                all.insert(name, value);
            }
        }
        serde_json::Value::Object(members) => {
            let members = match members.get("Parameters") {
                Some(serde_json::Value::Object(inner)) => inner,
                _ => members,
            };
            for (name, value) in members {
                let value = text(value).ok_or_else(none)?;
                all.insert(name.clone(), Some(value));
            }
        }
        _ => return Err(none()),
    }
    Ok(())
}

/// What a template is evaluated with.
pub(super) fn given(
    parameters: &Parameters,
    region: Option<&str>,
    account: Option<&str>,
    partition: Option<&str>,
) -> Given {
    Given {
        parameters: parameters.clone(),
        account: account.map(str::to_owned),
        partition: partition_of(region, partition),
        region: region.map(str::to_owned),
        nested: Vec::new(),
    }
}

/// The partition that is given, or that of the Region.
pub(super) fn partition_of(region: Option<&str>, partition: Option<&str>) -> Option<String> {
    let follows = region.filter(|region| *region != "*");
    let of_region = || follows.map(|region| reference::bindings::partition_of(region).to_owned());
    partition.map(str::to_owned).or_else(of_region)
}

/// Refuses values that a template does not allow.
///
/// # Errors
///
/// [`Error::BadValue`] with the first of them.
pub(super) fn accept_values(
    name: &str,
    inventory: &Inventory,
    args: &InputArgs,
) -> Result<(), Error> {
    let Some((parameter, value, reason)) = inventory.refused_parameters.first() else {
        return Ok(());
    };
    let start = format!("{parameter}=");
    let is_of_line = args
        .parameter
        .iter()
        .any(|text| text.trim_start().starts_with(&start));
    Err(Error::BadValue {
        option: if is_of_line {
            "--parameter"
        } else {
            "--parameters"
        },
        value: format!("{parameter}={value}"),
        reason: reason.clone(),
        help: format!(
            "give a value that the parameter of {name} allows: CloudFormation refuses others"
        ),
    })
}

/// A file that defines several roles, once it is read.
pub(super) struct Template {
    /// The file or folder of the input, or the files of a dump.
    pub(super) name: String,
    pub(super) inventory: Inventory,
    /// The same texts once more, for what limits a role: its places are distinct from those of the role.
    pub(super) limits: BTreeMap<SourceId, SourceId>,
    /// Indices of the files of boundaries that are policies of AWS, by ARN.
    pub(super) boundaries: BTreeMap<String, usize>,
    /// The parts of its principals, where the file is a dump of an account.
    pub(super) dump: Option<Dump>,
    /// For a template that can be read again: its text, and what it is evaluated with.
    pub(super) read: Option<(SourceId, Given)>,
}

impl Template {
    /// Reads a template again in another text. Its principals are those of before, in their order.
    pub(super) fn read_again(&mut self, source: SourceId, sources: &Sources) -> bool {
        let Some((_, given)) = &self.read else {
            return false;
        };
        let inventory = cloudformation::read(source, sources.get(source), given);
        let Some(Ok(inventory)) = inventory else {
            return false;
        };
        let names = |inventory: &Inventory| {
            let names = inventory.principals.iter().map(|p| p.name.clone());
            names.collect::<Vec<_>>()
        };
        if names(&inventory) != names(&self.inventory) {
            return false;
        }
        self.inventory = inventory;
        self.limits.clear();
        self.read = self.read.take().map(|(_, given)| (source, given));
        true
    }

    /// The places of the policies that another principal than one has, or that limit one.
    pub(super) fn shared_with_others(&self, at: usize) -> Vec<Span> {
        let principals = self.inventory.principals.iter().enumerate();
        let documents = principals.flat_map(|(nth, p)| p.documents.iter().map(move |d| (nth, d)));
        let mut spans = Vec::new();
        for (nth, document) in documents {
            if nth != at {
                spans.extend(places(document));
            }
            spans.extend(document.boundary.iter().flat_map(|b| places(b)));
        }
        spans
    }
}

/// The places of the policies of a principal.
pub(super) fn places(document: &Document) -> impl Iterator<Item = Span> {
    let others = document.best.iter().chain(&document.texts);
    let policies = [&document.worst].into_iter().chain(others);
    policies.flat_map(|d| &d.policies).map(|policy| policy.span)
}

/// Gives the problems of a file without principals their file.
pub(super) fn place_problems(inventory: &mut Inventory, source: SourceId) {
    if inventory.principals.is_empty() {
        let own = std::mem::take(&mut inventory.problems).into_iter();
        let own = own.filter(|problem| problem.rejected);
        inventory
            .elsewhere
            .extend(own.map(|problem| (source, problem)));
    }
}

/// The files of an inventory without principals that could not be read, put into `files`: their indexes.
pub(super) fn unread(inventory: &Inventory, files: &mut Vec<File>) -> Vec<usize> {
    let first = files.len();
    for (source, problem) in &inventory.elsewhere {
        let mut own = files.iter_mut().skip(first);
        if let Some(file) = own.find(|file| file.source == *source) {
            file.document.problems.push(problem.clone());
        } else {
            let mut file = File::of(&Document::default(), *source, None);
            file.document.problems.push(problem.clone());
            files.push(file);
        }
    }
    (first..files.len()).collect()
}

/// The files of a principal, one for each setting, put into `files`; and the indices of those that it has in the first.
pub(super) fn settings(
    template: &mut Template,
    at: usize,
    sources: &mut Sources,
    files: &mut Vec<File>,
) -> Option<(Chosen, Vec<usize>)> {
    let principal = template.inventory.principals.get(at)?;
    if let Some(dump) = &mut template.dump {
        return dump.settings(principal, at, sources, files);
    }
    let name = Arc::new(PrincipalName {
        name: principal.name.clone(),
        kind: principal.kind.name(),
        source: principal.source,
        span: principal.span,
        exists: false,
    });
    let mut settings = Vec::with_capacity(principal.documents.len());
    for document in &principal.documents {
        let others = document.elsewhere.iter().map(|(source, d)| (*source, d));
        let parts: Vec<_> = [(principal.source, document)]
            .into_iter()
            .chain(others)
            .collect();
        let mut of_setting: Vec<File> = { parts.iter() }
            .map(|(source, part)| File::of(part, *source, Some(&name)))
            .collect();
        let own = { template.inventory.problems.iter() }.map(|p| (principal.source, p));
        let elsewhere = { template.inventory.elsewhere.iter() }.map(|(source, p)| (*source, p));
        for (source, problem) in own.chain(elsewhere) {
            let known = of_setting.iter().position(|f| f.source == source);
            let at = known.unwrap_or(of_setting.len());
            if known.is_none() {
                of_setting.push(File::of(&Document::default(), source, Some(&name)));
            }
            if let Some(file) = of_setting.get_mut(at)
                && !file.document.problems.contains(problem)
            {
                file.document.problems.push(problem.clone());
            }
        }
        let first = files.len();
        files.extend(of_setting);
        let own = (first..files.len()).collect();
        let bounded = { parts.iter() }.find_map(|(s, part)| Some((*s, part.boundary.as_ref()?)));
        let boundary = bounded.map(|(source, document)| {
            let limits = *template.limits.entry(source).or_insert_with(|| {
                let copy = sources.get(source).again();
                sources.add(copy)
            });
            let mut limit = File::of(document, limits, None);
            moved(&mut limit, limits);
            files.push(limit);
            files.len() - 1
        });
        let mut named = { parts.iter() }.flat_map(|(_, part)| part.worst.boundaries());
        let boundary = boundary.or_else(|| {
            let arn = named.next()?;
            let known = template.boundaries.get(arn).copied();
            let at = known.or_else(|| {
                files.push(managed_boundary(arn, sources)?);
                Some(files.len() - 1)
            })?;
            template.boundaries.insert(arn.to_owned(), at);
            Some(at)
        });
        let place = |at: Option<(SourceId, crate::parser::Span)>| match at {
            Some((source, span)) => crate::check::place(sources, source, span),
            None => "--parameter".to_owned(),
        };
        let parameters = document.parameters.iter();
        let parameters = parameters.map(|(n, v, at)| (n.clone(), v.clone(), place(*at)));
        settings.push(Setting {
            values: document.values.clone(),
            files: own,
            boundary,
            parameters: parameters.collect(),
        });
    }
    let own = settings.first().map(|s| s.files.clone());
    let chosen = Chosen {
        name,
        settings,
        is_named: false,
        in_dump: false,
        has_all_policies: false,
        defined: None,
        beside: Vec::new(),
        limits: Vec::new(),
    };
    Some((chosen, own.unwrap_or_default()))
}

/// Moves the policies of a file to another one with the same text.
fn moved(file: &mut File, source: SourceId) {
    let mut documents = vec![&mut file.document];
    let extremes = file.extremes.as_mut().and_then(Arc::get_mut);
    if let Some(extremes) = extremes {
        documents.push(&mut extremes.best);
        documents.extend(extremes.texts.as_mut());
    }
    for policy in documents.into_iter().flat_map(|d| &mut d.policies) {
        policy.source = source;
        policy.attachment = Attachment::Managed;
    }
}

/// Facts on a principal that say which roles of a cluster it may be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Narrowing {
    is_person: bool,
    /// True where the trust policy names who may assume the role.
    is_known: bool,
    trusts_nodes: bool,
    trusts_functions: bool,
    /// True where somebody may assume the role who can run `pcluster`.
    trusts_users: bool,
    /// The roles that it may be by its name, where that says so.
    by_name: Option<&'static [String]>,
}

impl Narrowing {
    /// The facts on a role of which only the name is known.
    pub(super) const UNKNOWN: Self = Narrowing {
        is_person: false,
        is_known: false,
        trusts_nodes: true,
        trusts_functions: true,
        trusts_users: true,
        by_name: None,
    };

    /// The same facts, and what the name says.
    pub(super) fn named(self, created: &'static Created) -> Self {
        Narrowing {
            by_name: Some(&created.roles),
            ..self
        }
    }

    pub(super) fn of(principal: &Defined) -> Self {
        let trust = principal.trust.as_ref();
        let trusts = |service: &str| {
            trust.is_none_or(|t| t.is_open || t.services.iter().any(|s| s == service))
        };
        let has_names = |t: &Trust| !t.is_open && (t.people || !t.services.is_empty());
        let may_be_user = |t: &Trust| {
            t.people
                || t.services
                    .iter()
                    .any(|s| reference::trust::runs_programs(s))
        };
        Narrowing {
            is_person: matches!(principal.kind, Kind::User | Kind::Group),
            is_known: trust.is_some_and(has_names),
            trusts_nodes: trusts("ec2"),
            trusts_functions: trusts("lambda"),
            trusts_users: trust.is_none_or(may_be_user),
            by_name: None,
        }
    }

    fn may_be(self, role: &str) -> bool {
        match Principal::of_role(role) {
            Principal::Any => !self.is_known || self.trusts_users,
            _ if self.is_person => false,
            Principal::Of("instance") => !self.is_known || self.trusts_nodes,
            Principal::Of("function") => !self.is_known || self.trusts_functions,
            Principal::Of(_) => true,
        }
    }

    fn may_have_name_of(self, role: &str) -> bool {
        let names = self.by_name;
        names.is_none_or(|roles| roles.iter().any(|other| other == role))
    }

    /// Whether it leaves no candidate.
    pub(super) fn excludes_all(self, against: &Against) -> bool {
        let Against::BestOf(all) = against else {
            return false;
        };
        !{ all.iter() }.any(|r| r.role.as_deref().is_none_or(|role| self.may_be(role)))
    }

    /// The candidates that it leaves; `None` for all of them, also where it would leave none.
    pub(super) fn of_candidates(self, against: &Against) -> Option<Against> {
        let Against::BestOf(all) = against else {
            return None;
        };
        let kept: Vec<_> = { all.iter() }
            .filter(|r| {
                let role = r.role.as_deref();
                role.is_none_or(|role| self.may_be(role) && self.may_have_name_of(role))
            })
            .cloned()
            .collect();
        (!kept.is_empty() && kept.len() < all.len()).then_some(Against::BestOf(kept))
    }
}
