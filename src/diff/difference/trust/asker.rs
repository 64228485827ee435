//! Who asks to assume a role.

use super::Value;
use crate::matcher::condition::{KeyValue, literal};
use crate::matcher::{Class, Pattern, Token};
use crate::parser::{PrincipalKind, TrustPrincipal};
use crate::reference::trust::trust_key;

/// A principal that asks to assume the role.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Asker {
    /// Somebody of an account that no policy names.
    AnyAccount,
    /// Somebody of this account whom no policy names.
    Account(String),
    /// A user, role or session, by its ARN, and the account in it.
    Arn(String, Option<String>),
    /// A service that no policy names.
    AnyService,
    /// A service.
    Service(String),
    /// An identity provider that no policy names.
    AnyProvider,
    /// An identity provider.
    Provider(String),
    /// A text of another kind, which equals nothing but itself.
    Other(String),
}

impl Asker {
    pub(super) fn of(principal: &TrustPrincipal) -> Self {
        let value = principal.value.value.as_str();
        match principal.kind {
            _ if is_everyone(principal) => Asker::AnyAccount,
            PrincipalKind::Service => Asker::Service(value.to_owned()),
            PrincipalKind::Federated => Asker::Provider(value.to_owned()),
            PrincipalKind::Aws => {
                let account = account(value);
                match account {
                    Some(account) if is_whole_account(value) => Asker::Account(account),
                    account => Asker::Arn(value.to_owned(), account),
                }
            }
            PrincipalKind::Everyone | PrincipalKind::CanonicalUser => {
                Asker::Other(value.to_owned())
            }
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Asker::AnyAccount => "any AWS account".to_owned(),
            Asker::Account(account) => format!("account {account}"),
            Asker::AnyService => "any service".to_owned(),
            Asker::AnyProvider => "any identity provider".to_owned(),
            Asker::Arn(text, _)
            | Asker::Service(text)
            | Asker::Provider(text)
            | Asker::Other(text) => text.clone(),
        }
    }

    /// Whether it asks for this action at all.
    pub(super) fn asks(&self, action: &str) -> bool {
        let is_provider = matches!(self, Asker::Provider(_) | Asker::AnyProvider);
        match action {
            "sts:assumerole" => !is_provider,
            "sts:assumerolewithsaml" | "sts:assumerolewithwebidentity" => is_provider,
            _ => true,
        }
    }

    /// Whether a statement that allows `other` also allows this principal.
    pub(super) fn is_within(&self, other: &Asker) -> bool {
        match (other, self) {
            (
                Asker::AnyAccount,
                Asker::Account(_) | Asker::Arn(..) | Asker::AnyService | Asker::Service(_),
            )
            | (Asker::AnyService, Asker::Service(_))
            | (Asker::AnyProvider, Asker::Provider(_)) => true,
            (Asker::Account(account), Asker::Arn(_, Some(own))) => account == own,
            _ => false,
        }
    }

    /// Whether a principal of a statement is this one, or includes it.
    pub(super) fn is_named_by(&self, principal: &TrustPrincipal) -> bool {
        if is_everyone(principal) {
            return true;
        }
        let named = Asker::of(principal);
        match (&named, self) {
            (Asker::Account(account), Asker::Arn(_, Some(own))) => account == own,
            // The sessions of a role have what the role has.
            (Asker::Arn(role, _), Asker::Arn(session, _)) if role != session => {
                session_of(session).is_some_and(|of| Some(of) == role_of(role))
            }
            _ => named == *self,
        }
    }

    /// Whether it can have this value of a condition key, or only one of those who are named can.
    pub(super) fn may_have(
        &self,
        key: &str,
        value: &Value,
        named: &[Named],
        all: &[Asker],
    ) -> bool {
        let Value::Texts(texts) = value else {
            return true;
        };
        let is_named = |text: &String| match key {
            "aws:principalaccount" | "aws:principalarn" => named.iter().any(|named| match self {
                Asker::AnyAccount => account(text).as_ref() == Some(&named.account),
                Asker::Account(own) => own == &named.account && named.arn.as_ref() == Some(text),
                _ => false,
            }),
            "aws:principalservicename" if *self == Asker::AnyService => {
                all.contains(&Asker::Service(text.clone()))
            }
            _ => false,
        };
        !texts.iter().any(is_named)
    }

    /// What the principal decides of a condition key.
    pub(super) fn fact(&self, key: &str, partition: &str) -> KeyValue {
        let is_person = matches!(self, Asker::AnyAccount | Asker::Account(_) | Asker::Arn(..));
        let is_service = matches!(self, Asker::Service(_) | Asker::AnyService);
        match (key, self) {
            ("aws:principalaccount", Asker::Account(account) | Asker::Arn(_, Some(account))) => {
                KeyValue::one(account)
            }
            ("aws:principalarn", Asker::Arn(arn, _)) => KeyValue::one(arn),
            ("aws:principalarn", Asker::Account(account)) => {
                KeyValue::Values(vec![of_account(account, partition)])
            }
            ("aws:principalisawsservice", _) if is_service => KeyValue::one("true"),
            ("aws:principalisawsservice", _) if is_person => KeyValue::one("false"),
            ("aws:principalservicename", Asker::Service(name)) => KeyValue::one(name),
            // Only requests of services have them.
            ("aws:principalservicename" | "aws:principalservicenameslist", _) if !is_service => {
                KeyValue::Absent
            }
            _ if is_service && trust_key(key).is_some_and(|k| k.caller || !k.service) => {
                KeyValue::Absent
            }
            _ if is_person && trust_key(key).is_some_and(|k| k.present) => KeyValue::Present,
            _ => KeyValue::Unknown,
        }
    }
}

/// The ARNs of users and roles of an account.
fn of_account(account: &str, partition: &str) -> Pattern {
    let mut tokens = literal(&format!("arn:{partition}:iam::{account}:"))
        .tokens()
        .to_vec();
    tokens.push(Token::Run(Class::ANY));
    Pattern::new(tokens)
}

fn is_everyone(principal: &TrustPrincipal) -> bool {
    matches!(principal.kind, PrincipalKind::Everyone | PrincipalKind::Aws)
        && principal.value.value == "*"
}

pub(super) fn is_digits(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The account of a principal: digits, or the account field of an ARN, which may be a text that is not known.
pub(super) fn account(value: &str) -> Option<String> {
    if !value.starts_with("arn:") {
        return is_digits(value).then(|| value.to_owned());
    }
    let (before, _) = value.rsplit_once(':')?;
    let (_, account) = before.split_once("::")?;
    (!account.is_empty()).then(|| account.to_owned())
}

pub(super) fn is_whole_account(value: &str) -> bool {
    is_digits(value) || value.ends_with(":root")
}

/// The account and the name of a role in the ARN of it.
fn role_of(arn: &str) -> Option<(String, &str)> {
    let (_, path) = arn.split_once(":role/")?;
    let name = path.rsplit('/').next()?;
    Some((account(arn)?, name))
}

/// The account and the name of the role of a session.
fn session_of(arn: &str) -> Option<(String, &str)> {
    let (_, rest) = arn.split_once(":assumed-role/")?;
    Some((account(arn)?, rest.split('/').next()?))
}

/// Somebody whom a Condition names in full.
pub(super) struct Named {
    pub(super) account: String,
    /// `None` where the Condition names the account alone.
    pub(super) arn: Option<String>,
}
