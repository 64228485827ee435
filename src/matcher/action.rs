//! Action patterns: `*`, `service:Name`, `service:Na*e`; compared without regard to case.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>

use super::pattern::{Pattern, Token};
use super::search::Budget;
use crate::bytes;

/// Whether an action pattern matches an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ActionMatch {
    /// Under no reading.
    No,
    /// Only if AWS reads a pattern that it documents as invalid (`*:*`) as a wildcard.
    Contested,
    /// Yes.
    Yes,
}

/// One string of `Action` or `NotAction`. AWS compares action names without regard to case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ActionPattern {
    /// `*`: every action of every service.
    Everything,
    /// One action, spelled out.
    Literal {
        /// Lower-case service prefix.
        service: String,
        /// Lower-case name.
        name: String,
    },
    /// Actions of one service by pattern.
    Wildcard {
        /// Lower-case service prefix.
        service: String,
        /// Over the lower-case name.
        name: Pattern,
        /// The characters before the first wildcard, lower case.
        prefix: String,
    },
    /// A wildcard in the service prefix, which AWS rejects: read as glob by some.
    ContestedPrefix(Pattern),
    /// Matches nothing: no colon, or several.
    Nothing,
}

/// `prefix` is the literal beginning of `pattern`; most patterns are that and one `*`.
pub(crate) fn wildcard_matches(pattern: &Pattern, prefix: &str, name: &str) -> bool {
    name.starts_with(prefix) && (is_only_prefix(pattern, prefix) || pattern.matches_text(name))
}

/// Whether a pattern is its literal beginning and one `*`.
pub(crate) fn is_only_prefix(pattern: &Pattern, prefix: &str) -> bool {
    pattern.tokens().len() == prefix.len() + 1
        && matches!(pattern.tokens().last(), Some(Token::Run(_)))
}

impl ActionPattern {
    /// Reads a string of an `Action` element. Never fails: what is not an action pattern matches nothing.
    pub fn parse(text: &str) -> Self {
        if !text.is_empty() && text.bytes().all(|b| b == b'*') {
            return ActionPattern::Everything;
        }
        let colon = bytes::find(b':', text.as_bytes());
        let Some((service, name)) = colon.and_then(|at| text.split_at_checked(at)) else {
            return ActionPattern::Nothing;
        };
        let name = name.get(1..).unwrap_or_default();
        let wildcard = |text: &str| bytes::find_either(b'*', b'?', text.as_bytes());
        if bytes::find(b':', name.as_bytes()).is_some() {
            return ActionPattern::Nothing;
        }
        if wildcard(service).is_some() {
            return ActionPattern::ContestedPrefix(Pattern::glob(&text.to_ascii_lowercase()));
        }
        let wildcard = wildcard(name);
        let service = service.to_ascii_lowercase();
        let name = name.to_ascii_lowercase();
        match wildcard {
            None => ActionPattern::Literal { service, name },
            Some(at) => ActionPattern::Wildcard {
                service,
                prefix: name.get(..at).unwrap_or_default().to_owned(),
                name: Pattern::glob(&name),
            },
        }
    }

    /// The service of the actions that it matches, in lower case; `None` where it may match those of several, or none.
    pub fn service(&self) -> Option<&str> {
        match self {
            ActionPattern::Literal { service, .. } | ActionPattern::Wildcard { service, .. } => {
                Some(service)
            }
            _ => None,
        }
    }

    /// Whether it may match some actions of a service (in lower case) and not others. False is certain, true is not.
    pub fn distinguishes_actions_of(&self, service: &str) -> bool {
        match self {
            ActionPattern::Literal { service: own, .. } => own == service,
            ActionPattern::Wildcard {
                service: own, name, ..
            } => own == service && !name.is_everything(),
            ActionPattern::ContestedPrefix(_) => true,
            ActionPattern::Everything | ActionPattern::Nothing => false,
        }
    }

    /// Whether the pattern holds a wildcard.
    pub fn is_wildcard(&self) -> bool {
        !matches!(self, ActionPattern::Literal { .. } | ActionPattern::Nothing)
    }

    /// Whether every action that `other` matches is matched by this pattern, those that AWS does not have yet included.
    /// No where either has a wildcard in its service prefix, and where the steps do not suffice.
    pub fn covers_within(&self, other: &ActionPattern, budget: &mut Budget) -> bool {
        use ActionPattern as P;
        match (self, other) {
            (P::Everything, P::Everything | P::Literal { .. } | P::Wildcard { .. }) => true,
            (P::Literal { .. }, P::Literal { .. }) => self == other,
            (
                P::Wildcard {
                    service,
                    name,
                    prefix,
                },
                P::Literal {
                    service: other,
                    name: own,
                },
            ) => service == other && wildcard_matches(name, prefix, own),
            (
                P::Wildcard { service, name, .. },
                P::Wildcard {
                    service: other,
                    name: own,
                    ..
                },
            ) => service == other && name.covers_within(own, budget),
            _ => false,
        }
    }

    /// Whether some action may be matched by both. No is certain, also of actions that AWS does not have yet.
    pub fn may_meet(&self, other: &ActionPattern) -> bool {
        use ActionPattern as P;
        match (self, other) {
            (P::Nothing, _) | (_, P::Nothing) => false,
            (P::Everything | P::ContestedPrefix(_), _)
            | (_, P::Everything | P::ContestedPrefix(_)) => true,
            (P::Literal { service, name }, pattern) | (pattern, P::Literal { service, name }) => {
                pattern.matches(service, name) != ActionMatch::No
            }
            (
                P::Wildcard { service, name, .. },
                P::Wildcard {
                    service: other,
                    name: own,
                    ..
                },
            ) => service == other && name.may_meet(own),
        }
    }

    /// Whether the pattern matches an action, given in lower case.
    pub fn matches(&self, service: &str, name: &str) -> ActionMatch {
        let yes = match self {
            ActionPattern::Everything => true,
            ActionPattern::Literal {
                service: s,
                name: n,
            } => n == name && s == service,
            ActionPattern::Wildcard {
                service: s,
                name: n,
                prefix,
            } => s == service && wildcard_matches(n, prefix, name),
            ActionPattern::ContestedPrefix(pattern) => {
                return if pattern.matches_text(&format!("{service}:{name}")) {
                    ActionMatch::Contested
                } else {
                    ActionMatch::No
                };
            }
            ActionPattern::Nothing => false,
        };
        if yes {
            ActionMatch::Yes
        } else {
            ActionMatch::No
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_distinguishes_no_actions_matches_all_or_none() {
        let patterns = [
            "*",
            "**",
            "s3:*",
            "s3:**",
            "S3:*",
            "sqs:*",
            "s3:Get*",
            "s3:GetObject",
            "s3:?*",
            "*:*",
            "s*:Get*",
            "none",
        ];
        let names = ["", "getobject", "putobject", "a"];
        let mut without_difference = 0;
        for text in patterns {
            let pattern = ActionPattern::parse(text);
            for service in ["s3", "sqs", "iam"] {
                let matches = names.map(|name| pattern.matches(service, name));
                let are_alike = matches.iter().all(|m| *m == matches[0]);
                assert!(
                    pattern.distinguishes_actions_of(service) || are_alike,
                    "{text} {service}"
                );
                without_difference += u32::from(!pattern.distinguishes_actions_of(service));
            }
        }
        // Patterns of another service, and of all actions.
        assert_eq!(without_difference, 27);
    }

    #[test]
    fn patterns_that_may_match_the_same_action() {
        for (one, other, expected) in [
            ("s3:Get*", "s3:*Object", true),
            ("s3:Get*", "S3:get?*", true),
            ("s3:Get*", "s3:Put*", false),
            ("s3:Get*", "sqs:Get*", false),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "sqs:GetObject", false),
            ("s3:GetObject", "S3:getobject", true),
            ("s3:GetObject", "sqs:GetObject", false),
            ("*", "s3:GetObject", true),
            ("s*:Get*", "iam:Get*", true),
            ("none", "*", false),
        ] {
            let [a, b] = [one, other].map(ActionPattern::parse);
            assert_eq!(a.may_meet(&b), expected, "{one} {other}");
            assert_eq!(b.may_meet(&a), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_pattern_names_the_service_of_all_its_actions() {
        for (text, expected) in [
            ("S3:GetObject", Some("s3")),
            ("s3:Get*", Some("s3")),
            ("s*:Get*", None),
            ("*", None),
            ("none", None),
        ] {
            assert_eq!(ActionPattern::parse(text).service(), expected, "{text}");
        }
    }
}
