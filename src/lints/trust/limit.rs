//! Conditions of a trust policy that limit who may assume the role.

use crate::parser::{Condition, Effect, Text, TrustStatement};
use crate::reference::trust::{KeyForm, Provider, TrustKey, is_common_audience};

/// Whether something is limited.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::lints) enum Limited {
    /// Nothing limits it.
    No,
    /// A value that is not known decides.
    Open,
    /// Something limits it.
    Yes,
}

/// The meaning of a condition key.
#[derive(Clone, Copy)]
pub(in crate::lints) enum Rule {
    /// A key of AWS.
    Key(&'static TrustKey),
    /// A claim of an identity provider, which is shared or not.
    Claim(Option<&'static Provider>),
    /// The audience of an identity provider.
    Audience,
    /// A claim that not every token has.
    Other,
}

/// What conditions make of a principal.
pub(in crate::lints) struct Limits {
    /// Whether they limit it.
    pub(in crate::lints) limited: Limited,
    /// Whether they limit another account, too.
    pub(in crate::lints) vouched: Limited,
    /// The accounts that they limit the caller to.
    pub(in crate::lints) accounts: Vec<String>,
}

/// An operator without its prefix and suffix, in lower case.
struct Operator {
    base: String,
    if_exists: bool,
    any: bool,
    all: bool,
}

impl Operator {
    fn of(condition: &Condition) -> Self {
        let text = condition.operator.value.to_ascii_lowercase();
        let (quantifier, rest) = text.split_once(':').unwrap_or(("", text.as_str()));
        let base = rest.strip_suffix("ifexists");
        Operator {
            if_exists: base.is_some(),
            base: base.unwrap_or(rest).to_owned(),
            any: quantifier == "foranyvalue",
            all: quantifier == "forallvalues",
        }
    }

    /// Whether its values may have wildcards or ranges; `None` for an operator that does not compare in this way.
    fn matches(&self, form: Option<KeyForm>, effect: Effect) -> Option<bool> {
        if form == Some(KeyForm::True) {
            return (self.base == "bool").then_some(false);
        }
        let base = match effect {
            Effect::Allow => self.base.clone(),
            Effect::Deny if self.base.contains("not") => self.base.replacen("not", "", 1),
            Effect::Deny => return None,
        };
        match base.as_str() {
            "stringequals" | "stringequalsignorecase" => Some(false),
            "stringlike" | "arnequals" | "arnlike" | "ipaddress" => Some(true),
            _ => None,
        }
    }
}

impl Rule {
    fn is_present(self) -> bool {
        match self {
            Rule::Key(key) => key.present,
            Rule::Claim(_) | Rule::Audience => true,
            Rule::Other => false,
        }
    }

    fn form(self) -> Option<KeyForm> {
        match self {
            Rule::Key(key) => Some(key.form),
            _ => None,
        }
    }

    fn limits(self, text: &Text, has_wildcards: bool, effect: Effect) -> Limited {
        if self.form() == Some(KeyForm::Nothing) {
            return Limited::No;
        }
        let Some(value) = filled(text) else {
            return Limited::Open;
        };
        if value.contains("${") {
            return Limited::No;
        }
        if value.contains('<') {
            return Limited::Yes;
        }
        let wildcard = value.find(['*', '?']).filter(|_| has_wildcards);
        let fixed = value
            .get(..wildcard.unwrap_or(value.len()))
            .unwrap_or_default();
        let is_limit = match (self, self.form()) {
            (Rule::Claim(Some(provider)), _) if wildcard.is_some() => {
                let mut starts = provider.starts.iter();
                let name = starts.find_map(|start| fixed.strip_prefix(start.as_str()));
                if let Some(name) = name {
                    let mut ends = provider.until.iter();
                    ends.any(|end| name.find(end.as_str()).is_some_and(|at| at > 0))
                } else {
                    let mut starts = provider.starts.iter();
                    !fixed.is_empty() && !starts.any(|s| s.starts_with(fixed))
                }
            }
            (Rule::Audience, _) => {
                !is_common_audience(&value) && is_more_than_wildcards(&value, wildcard)
            }
            (_, Some(KeyForm::Organization)) => wildcard.is_none() || fixed.len() > 2,
            (_, Some(KeyForm::Account)) => value.bytes().all(|b| b.is_ascii_digit()),
            (_, Some(KeyForm::Arn)) => wildcard.is_none() || has_account(&value),
            (_, Some(KeyForm::Network)) => {
                let length = value
                    .rsplit_once('/')
                    .and_then(|(_, n)| n.parse::<u8>().ok());
                length.is_none_or(|length| length >= 8)
            }
            (_, Some(KeyForm::True)) => {
                let wanted = if effect == Effect::Deny {
                    "false"
                } else {
                    "true"
                };
                value.eq_ignore_ascii_case(wanted)
            }
            _ => is_more_than_wildcards(&value, wildcard),
        };
        if is_limit { Limited::Yes } else { Limited::No }
    }
}

fn is_more_than_wildcards(value: &str, wildcard: Option<usize>) -> bool {
    wildcard.is_none() || value.contains(|c| !matches!(c, '*' | '?'))
}

/// Whether the account of an ARN, or else the resource, has a fixed part.
fn has_account(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        [_, _, _, _, "", resource] => is_more_than_wildcards(resource, Some(0)),
        [_, _, _, _, account, _] => !account.contains(['*', '?']),
        _ => false,
    }
}

/// A text with digits for what stands for the account of the stack; `None` where another part of a template is not known.
fn filled(text: &Text) -> Option<String> {
    let mut value = text.value.clone();
    while let Some(start) = value.find("${AWS::") {
        let end = value.get(start..)?.find('}')? + start + 1;
        value.replace_range(start..end, "000000000000");
    }
    (text.holes.is_none() || !value.contains("${")).then_some(value)
}

/// Whether one line limits, and by which rule.
fn line(
    condition: &Condition,
    all: &[Condition],
    effect: Effect,
    rule: &dyn Fn(&str) -> Option<Rule>,
) -> Option<(Rule, Limited)> {
    let own = rule(&condition.key.value)?;
    let operator = Operator::of(condition);
    let has_wildcards = operator.matches(own.form(), effect)?;
    let exists = || {
        all.iter().any(|other| {
            let same = other.key.value.eq_ignore_ascii_case(&condition.key.value);
            let mut values = other.values.iter();
            same && Operator::of(other).base == "null"
                && values.all(|v| v.value.eq_ignore_ascii_case("false"))
        })
    };
    let passes_without = match effect {
        Effect::Allow => operator.if_exists || operator.all,
        Effect::Deny => operator.any,
    };
    if passes_without && !own.is_present() && !(effect == Effect::Allow && exists()) {
        return Some((own, Limited::No));
    }
    let mut values = condition.values.iter();
    let limits = |text: &Text| own.limits(text, has_wildcards, effect);
    let least = values.by_ref().map(limits).min();
    Some((own, least.unwrap_or(Limited::Yes)))
}

/// The limits of a statement that allows and of those that deny.
pub(in crate::lints) fn limits(
    allow: &TrustStatement,
    denies: &[&TrustStatement],
    rule: &dyn Fn(&str) -> Option<Rule>,
) -> Limits {
    let mut limits = Limits {
        limited: if allow.rest.condition_unreadable {
            Limited::Open
        } else {
            Limited::No
        },
        vouched: Limited::No,
        accounts: Vec::new(),
    };
    let all = &allow.rest.conditions;
    for condition in all {
        if let Some((own, limited)) = line(condition, all, Effect::Allow, rule) {
            limits.take(own, limited, condition);
        }
    }
    for deny in denies.iter().filter(|d| !d.rest.condition_unreadable) {
        let all = &deny.rest.conditions;
        let lines: Vec<_> = all
            .iter()
            .map(|c| (c, line(c, all, Effect::Deny, rule)))
            .collect();
        // It denies where all of them hold, so each must limit.
        let least = lines.iter().map(|(_, l)| l.map_or(Limited::No, |(_, l)| l));
        let least = least.min().unwrap_or(Limited::No);
        if let [(condition, Some((own, _)))] = lines.as_slice() {
            limits.take(*own, least, condition);
        } else {
            limits.limited = limits.limited.max(least);
            let vouch = |(_, l): &(_, Option<(Rule, Limited)>)| matches!(l, Some((Rule::Key(key), _)) if key.vouches);
            if lines.iter().all(vouch) {
                limits.vouched = limits.vouched.max(least);
            }
        }
    }
    limits
}

impl Limits {
    fn take(&mut self, rule: Rule, limited: Limited, condition: &Condition) {
        self.limited = self.limited.max(limited);
        let Rule::Key(key) = rule else { return };
        if key.vouches {
            self.vouched = self.vouched.max(limited);
        }
        if key.caller && limited == Limited::Yes {
            let values = condition.values.iter();
            self.accounts
                .extend(values.filter_map(|v| account(&v.value)));
        }
    }
}

/// Whether a condition is true for certain in the requests of a service.
pub(in crate::lints) fn holds_for_services(
    condition: &Condition,
    rule: &dyn Fn(&str) -> Option<Rule>,
) -> Option<bool> {
    let Some(Rule::Key(key)) = rule(&condition.key.value) else {
        return None;
    };
    let operator = Operator::of(condition);
    if key.form == KeyForm::True && operator.base == "bool" {
        let mut values = condition.values.iter();
        return Some(values.any(|v| v.value.eq_ignore_ascii_case("true")));
    }
    if key.service {
        return None;
    }
    if operator.base == "null" {
        let all = || condition.values.iter().map(|v| v.value.as_str());
        let is_known = all().all(|v| ["true", "false"].iter().any(|w| v.eq_ignore_ascii_case(w)));
        return is_known.then(|| all().any(|v| v.eq_ignore_ascii_case("true")));
    }
    let is_negative = operator.base.contains("not");
    Some((is_negative || operator.if_exists || operator.all) && !operator.any)
}

/// The account of a principal: digits, or the account field of an ARN.
pub(in crate::lints) fn account(value: &str) -> Option<String> {
    const OWN: &str = "${AWS::AccountId}";
    let text = value
        .replace(OWN, "{own}")
        .replace("${AWS::Partition}", "aws");
    let account = if text.starts_with("arn:") {
        text.split(':').nth(4)?
    } else {
        text.as_str()
    };
    match account {
        "{own}" => Some(OWN.to_owned()),
        _ if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            Some(account.to_owned())
        }
        _ => None,
    }
}
