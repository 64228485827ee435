//! The known context of requests, for judging Conditions: values from the requirement, `--context`, the Region, the
//! account and the principal, and keys that an action never has. Dates are never evaluated.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::scope::Scope;
use super::statement::{Conditions, Line};
use crate::catalog::{self, Catalog, ResourceType};
use crate::matcher::Class;
use crate::matcher::arn;
use crate::matcher::condition::{self, KeyValue, Truth};
use crate::reference::bindings::is_open;
use crate::reference::{self, KnownContext, Principal, PrincipalValue, RequestRegion};

/// The context that all requests share: the condition keys of `--context`, and those that follow from the principal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    given: Vec<(String, KeyValue)>,
    principal: Principal,
    /// Values of condition keys (folded) that follow from what the input says of the principal, written as in
    /// `rules/principals.toml`. [`TAG`] alone says that the principal has no other tags than those with a value.
    own: Vec<(String, String)>,
}

/// The beginning of the keys for the tags of the principal.
pub const TAG: &str = "aws:principaltag/";

impl Context {
    /// From keys in any case, each once.
    pub fn new(given: impl IntoIterator<Item = (String, KeyValue)>) -> Self {
        let fold = |(key, value): (String, KeyValue)| (condition::fold_key(&key), value);
        Context {
            given: given.into_iter().map(fold).collect(),
            principal: Principal::Any,
            own: Vec::new(),
        }
    }

    /// The same for the requests of a principal, and what is known of just this one.
    #[must_use]
    pub fn of(self, principal: Principal, own: Vec<(String, String)>) -> Self {
        Context {
            principal,
            own,
            ..self
        }
    }

    /// The principal of the requests.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// The value that follows from the principal, for a key (folded) in the requests for a service's actions, or for
    /// any.
    pub fn of_principal(
        &self,
        key: &str,
        service: Option<&str>,
        scope: &Scope,
    ) -> Option<KeyValue> {
        Some(self.written(key, service)?.value(scope))
    }

    /// What the data says of such a value.
    fn written(&self, key: &str, service: Option<&str>) -> Option<Written<'_>> {
        let own = |key: &str| self.own.iter().find(|(known, _)| known == key);
        if let Some((_, like)) = own(key).filter(|_| key != TAG) {
            return Some(Written::Like(like));
        }
        if key.starts_with(TAG) && own(TAG).is_some() {
            return Some(Written::Known(KeyValue::Absent));
        }
        Some(match self.principal.key(key, service)? {
            PrincipalValue::Absent => Written::Known(KeyValue::Absent),
            PrincipalValue::Present => Written::Known(KeyValue::Present),
            PrincipalValue::Like(like) => Written::Like(like),
        })
    }

    fn given(&self, key: &str) -> Option<&KeyValue> {
        find(&self.given, key)
    }

    /// Requests of an action without the condition keys that some of them do not have; nothing where there are none.
    pub(super) fn without_absent_keys(&self, action: catalog::Action<'_>) -> Stated {
        let name = action.name.to_ascii_lowercase();
        let keys = reference::absent_keys(action.service, &name);
        keys.filter(|key| self.given(key).is_none())
            .map(|key| (key.to_owned(), KeyValue::Absent))
            .collect()
    }

    /// The cases of requests for an action, where something is known of it beside `stated`.
    pub(super) fn cases_of(
        &self,
        stated: &[Stated],
        contexts: &[Arc<KnownContext>],
        service: &str,
        name: &str,
    ) -> Option<Vec<Stated>> {
        let is_it = |action: &String| action.split_once(':') == Some((service, name));
        let mut known = { contexts.iter() }.filter(|c| c.actions.iter().any(is_it));
        let first = known.next()?;
        let add = |cases: Vec<Stated>, known: &KnownContext| -> Vec<Stated> {
            let kinds = known.cases.iter().map(|keys| -> Stated {
                let new = keys.iter().filter(|(key, _)| self.given(key).is_none());
                let value = |value: &Option<String>| match value {
                    Some(text) => KeyValue::one(text),
                    None => KeyValue::Absent,
                };
                new.map(|(key, text)| (key.clone(), value(text))).collect()
            });
            let kinds: Vec<Stated> = kinds.collect();
            let each = |case: &Stated| {
                { kinds.iter() }
                    .map(|kind| [case.as_slice(), kind].concat())
                    .collect::<Vec<_>>()
            };
            cases.iter().flat_map(each).collect()
        };
        let cases = add(stated.to_vec(), first);
        Some(known.fold(cases, |cases, known| add(cases, known)))
    }

    /// The value of a key that is the same in every request, for policy variables.
    pub fn everywhere(&self, key: &str, scope: &Scope) -> Option<Cow<'_, KeyValue>> {
        let key = condition::fold_key(key);
        match (self.given(&key), key.as_str(), &scope.account) {
            (Some(value), ..) if key.starts_with("aws:") => Some(Cow::Borrowed(value)),
            (None, "aws:principalaccount", Some(account)) if !is_open(account) => {
                Some(Cow::Owned(KeyValue::one(account)))
            }
            (None, ..) => self.of_principal(&key, None, scope).map(Cow::Owned),
            _ => None,
        }
    }
}

/// The value of a key that follows from the principal.
enum Written<'c> {
    Known(KeyValue),
    /// As in `rules/principals.toml`.
    Like(&'c str),
}

impl Written<'_> {
    fn value(self, scope: &Scope) -> KeyValue {
        let like = match self {
            Written::Known(value) => return value,
            Written::Like(like) => like,
        };
        let fill = |text: &str, name: &str, value: &Option<String>| {
            text.replace(name, value.as_deref().unwrap_or("*"))
        };
        let like = fill(like, "${Partition}", &scope.partition);
        let like = fill(&like, "${Region}", &scope.region);
        let like = fill(&like, "${Account}", &scope.account);
        // Wildcards of an ARN stay in their fields, and the names and ids of principals hold no colon.
        let names = |name: &str| {
            let characters = reference::name_characters("iam", name);
            characters.and_then(Class::of).unwrap_or(Class::ANY)
        };
        KeyValue::Values(vec![arn::plain_format(&like, &names)])
    }
}

/// The values that follow from the principal in one scope, by how they are written in the data.
#[derive(Default)]
pub(super) struct OfPrincipal(RefCell<FxHashMap<String, KeyValue>>);

impl OfPrincipal {
    fn value(&self, written: Written<'_>, scope: &Scope) -> KeyValue {
        let Written::Like(like) = written else {
            return written.value(scope);
        };
        if let Some(known) = self.0.borrow().get(like) {
            return known.clone();
        }
        let value = written.value(scope);
        self.0.borrow_mut().insert(like.to_owned(), value.clone());
        value
    }
}

/// Whether the value of a key is a placeholder.
fn has_no_value(value: &KeyValue) -> bool {
    value.text().is_some_and(|text| is_open(&text))
}

/// Whether a line holds for a value, which may be a placeholder: that equals itself, and may equal any other value.
fn holds_for(line: &Line, value: &KeyValue) -> Truth {
    let truth = line.test.evaluate(value);
    let is_negated = line.test.operator.is_some_and(|o| o.negated);
    if has_no_value(value) && truth != Truth::of(!is_negated) {
        line.test.evaluate(&KeyValue::Present)
    } else {
        truth
    }
}

/// Keys, folded, with what a requirement states of them.
pub(super) type Stated = Vec<(String, KeyValue)>;

fn find<'s>(list: &'s [(String, KeyValue)], key: &str) -> Option<&'s KeyValue> {
    list.iter().find(|(k, _)| k == key).map(|(_, value)| value)
}

/// Requests of one action that have something in common.
#[derive(Clone, Copy)]
pub(super) struct Situation<'s> {
    pub(super) context: &'s Context,
    pub(super) of_principal: &'s OfPrincipal,
    pub(super) scope: &'s Scope,
    pub(super) stated: &'s [(String, KeyValue)],
    /// In lower case.
    pub(super) service: &'s str,
    /// In lower case.
    pub(super) name: &'s str,
    pub(super) known: Option<catalog::Action<'s>>,
    pub(super) target: Target<'s>,
    pub(super) catalog: &'s Catalog,
}

/// The known parts of the resource of a request.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Target<'s> {
    /// The resource type; `None` where it may have any type, or none.
    pub(super) kind: Option<ResourceType<'s>>,
    /// Whether the ARN carries the bound account.
    pub(super) own_account: bool,
}

impl Situation<'_> {
    /// The known values of a key (folded).
    pub(super) fn value(&self, key: &str) -> Cow<'_, KeyValue> {
        if let Some(value) = find(self.stated, key) {
            return Cow::Borrowed(value);
        }
        let same = reference::same_key(self.service, key);
        if let Some((other, is_global)) = &same {
            if let Some(value) = find(self.stated, other) {
                return Cow::Borrowed(value);
            }
            if *is_global && self.context.given(key).is_none() {
                return self.value(other);
            }
        }
        let never_has_key =
            |(action, kind): (catalog::Action<'_>, _)| action.never_has_key(&kind, key);
        if self.known.zip(self.target.kind).is_some_and(never_has_key) {
            return Cow::Owned(KeyValue::Absent);
        }
        // A key of a service is in the requests of some actions only.
        let given = self.context.given(key);
        let given = given.or_else(|| self.context.given(&same.as_ref()?.0));
        if let Some(value) =
            given.filter(|_| key.starts_with("aws:") || self.known.is_some_and(|a| a.lists(key)))
        {
            return Cow::Borrowed(value);
        }
        let derived = match key {
            "aws:requestedregion" => self.requested_region(),
            // The key has a value, whichever it is.
            key => { self.own_account(key) }.map(|account| {
                if is_open(account) {
                    KeyValue::Present
                } else {
                    KeyValue::one(account)
                }
            }),
        };
        let of_principal = || {
            let written = self.context.written(key, Some(self.service))?;
            Some(self.of_principal.value(written, self.scope))
        };
        let derived = derived.or_else(of_principal);
        Cow::Owned(derived.unwrap_or(KeyValue::Unknown))
    }

    /// The account of the cluster, for the keys that have it in these requests.
    fn own_account(&self, key: &str) -> Option<&str> {
        let has_it = match key {
            "aws:principalaccount" => true,
            "aws:resourceaccount" => self.target.own_account,
            _ => false,
        };
        self.scope.account.as_deref().filter(|_| has_it)
    }

    /// The result of a line on the account or Region of the cluster where that is not known.
    fn holds_as_written(&self, line: &Line) -> Option<Truth> {
        let open = match line.test.key.as_str() {
            "aws:requestedregion" => self.requested_regions().pop(),
            key => self.own_account(key).map(KeyValue::one),
        };
        Some(holds_for(line, &open.filter(has_no_value)?))
    }

    fn requested_region(&self) -> Option<KeyValue> {
        let mut regions = self.requested_regions().into_iter();
        let region = regions.next().filter(|_| regions.next().is_none())?;
        Some(if has_no_value(&region) {
            KeyValue::Present
        } else {
            region
        })
    }

    /// The Region of the request, or those that it may be; none where nothing is known.
    fn requested_regions(&self) -> Vec<KeyValue> {
        let own = self.scope.region.as_deref();
        let global = "us-east-1";
        let is_global_known = self.scope.partition.as_deref() == Some("aws");
        let regions: &[&str] = match (reference::request_region(self.service, self.name), own) {
            (RequestRegion::Own, Some(region)) => &[region],
            (RequestRegion::UsEast1, Some(_)) if is_global_known => &[global],
            (RequestRegion::OwnOrUsEast1, Some(region)) if is_global_known => {
                if region == global {
                    &[global]
                } else {
                    &[region, global]
                }
            }
            _ => &[],
        };
        regions.iter().map(|region| KeyValue::one(region)).collect()
    }

    /// Whether one line of a Condition holds.
    pub(super) fn line_holds(&self, line: &Line, assumed: &Conditions) -> Truth {
        let mut assumed = assumed.lines.iter();
        if assumed.any(|other| other.normal == line.normal) {
            Truth::True
        } else {
            let value = self.value(&line.test.key);
            if let Some(truth) = self
                .holds_as_written(line)
                .filter(|_| *value == KeyValue::Present)
            {
                return truth;
            }
            if *value == KeyValue::Unknown && line.test.key == "aws:requestedregion" {
                return self.holds_anywhere(line);
            }
            line.test.evaluate(&value)
        }
    }

    /// Whether a line on the Region holds, in whichever of several Regions the request is.
    fn holds_anywhere(&self, line: &Line) -> Truth {
        let regions = self.requested_regions();
        let mut truths = regions.iter().map(|region| holds_for(line, region));
        let first = truths.next().unwrap_or(Truth::Unknown);
        if truths.all(|truth| truth == first) {
            first
        } else {
            Truth::Unknown
        }
    }

    /// Whether lines of a Condition cannot hold together: in any request, or with what is known of these.
    fn exclude_each_other(&self, conditions: &Conditions) -> bool {
        let known = |key: &str| Some(self.value(key)).filter(|v| **v != KeyValue::Unknown);
        conditions.lines.len() > 1
            && (conditions.exclude_each_other(self.catalog)
                || conditions.exclude_each_other_for(self.catalog, &known))
    }

    /// Whether a statement's Condition holds. Lines that the requirement itself has (`assumed`) hold.
    pub(super) fn holds(&self, conditions: &Conditions, assumed: &Conditions) -> Truth {
        let lines = conditions.lines.iter();
        let lines = lines.map(|line| self.line_holds(line, assumed));
        let all = lines.fold(Truth::True, Truth::and);
        if all == Truth::Unknown && self.exclude_each_other(conditions) {
            return Truth::False;
        }
        if conditions.unreadable {
            all.and(Truth::Unknown)
        } else {
            all
        }
    }
}

/// How many cases a Condition of the reference is split into at most.
const MOST_CASES: usize = 32;

/// The cases that a Condition of the reference leaves open, each with what it states of the keys: one for each
/// combination of the values that it lists. One case without statements for no Condition.
pub(super) fn cases(required: &Conditions) -> Vec<Stated> {
    let mut cases: Vec<Stated> = vec![Vec::new()];
    // The lines that may exclude a case.
    let mut others = Vec::new();
    for line in &required.lines {
        let key = &line.test.key;
        if cases.iter().any(|c| find(c, key).is_some()) {
            others.push(line);
            continue;
        }
        let values = line.test.stated();
        let fits = values.len() * cases.len() <= MOST_CASES;
        let values = match values.as_slice() {
            [] => {
                others.push(line);
                continue;
            }
            _ if fits => values,
            _ => vec![KeyValue::Present],
        };
        if !line.test.may_hold_as_stated(&values) {
            others.push(line);
        }
        cases = cases
            .iter()
            .flat_map(|case| {
                values.iter().map(move |value| {
                    let mut case = case.clone();
                    case.push((key.clone(), value.clone()));
                    case
                })
            })
            .collect();
    }
    // A case that another line of the same Condition excludes is not a case.
    let possible = |case: &Stated| {
        others.iter().all(|line| {
            let value = find(case, &line.test.key).unwrap_or(&KeyValue::Unknown);
            line.test.evaluate(value) != Truth::False
        })
    };
    if !others.is_empty() && cases.iter().any(possible) {
        cases.retain(possible);
    }
    cases
}
