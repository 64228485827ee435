//! The roles, users and groups of a file, and the managed policies that nothing of it has.

use std::collections::BTreeSet;

use crate::parser::{self, Problem, SourceId, Span};

/// The kind of a principal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
    /// A policy that is attached to no principal of the file: judged alone.
    Policy,
    /// A serverless function, which has a role of its own.
    Function,
}

impl Kind {
    /// As a report names it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Role => "role",
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Policy => "policy",
            Kind::Function => "function",
        }
    }

    /// The ARN of a role or user by its path, where that is known, and its name, as [`parser::role_arn`].
    pub(super) fn arn(self, path: Option<&str>, name: &str) -> Option<String> {
        match self {
            Kind::Role => parser::role_arn(path, name),
            Kind::User => parser::user_arn(path, name),
            Kind::Group | Kind::Policy | Kind::Function => None,
        }
    }
}

/// Who may assume a role, as far as the file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trust {
    /// Services of AWS, without their domain: `ec2`, `lambda`.
    pub services: Vec<String>,
    /// True where principals of accounts or of identity providers may.
    pub people: bool,
    /// True where the file leaves open who else may.
    pub is_open: bool,
}

impl Trust {
    /// Adds a principal: the key of its kind, and the name of a service without its domain.
    pub(super) fn add(&mut self, kind: Option<&str>, service: Option<&str>) {
        match (kind, service) {
            (Some("Service"), Some(service)) => self.services.push(service.to_owned()),
            (Some("AWS" | "Federated"), _) => self.people = true,
            _ => self.is_open = true,
        }
    }

    /// Whether only services may, as far as the file says.
    pub fn is_of_services(&self) -> bool {
        !self.is_open && !self.people && !self.services.is_empty()
    }
}

/// A place in a file.
pub type Written = (SourceId, Span);

/// A principal for one setting of the parameters.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The values, by name, of parameters that may have several and that it depends on.
    pub values: Vec<(String, String)>,
    /// The values, by name, of other parameters that it depends on. The place is that of a default.
    pub parameters: Vec<(String, String, Option<Written>)>,
    /// The policies of the principal, at the extremes of the unknown values; see [`super::Reading`].
    pub worst: parser::Document,
    /// `None` where nothing is left open.
    pub best: Option<parser::Document>,
    /// `None` where no hole is a name.
    pub texts: Option<parser::Document>,
    /// The permissions boundary, where the file defines it.
    pub boundary: Option<Box<Document>>,
    /// ARNs of managed policies that the file names and does not contain.
    pub attached: Vec<String>,
    /// Policies of the principal that are in other files.
    pub elsewhere: Vec<(SourceId, Document)>,
    /// Policies that are evaluated to values, but not read yet.
    pub(super) unread: Vec<super::Unread>,
}

impl Document {
    /// Adds a policy.
    pub fn add(&mut self, reading: super::Reading) {
        let super::Reading { worst, best, texts } = reading;
        if best.is_some() && self.best.is_none() {
            self.best = Some(self.worst.clone());
        }
        if texts.is_some() && self.texts.is_none() {
            self.texts = Some(self.best.as_ref().unwrap_or(&self.worst).clone());
        }
        if let Some(all) = &mut self.texts {
            let own = texts.as_ref().or(best.as_ref()).unwrap_or(&worst);
            all.policies.extend(own.policies.iter().cloned());
        }
        if let Some(all) = &mut self.best {
            let own = best.as_ref().unwrap_or(&worst);
            all.policies.extend(own.policies.iter().cloned());
        }
        self.worst.policies.extend(worst.policies);
        self.worst.problems.extend(worst.problems);
        self.worst.named.extend(worst.named);
    }

    /// Adds a policy that is read later, with all others of the file.
    pub(super) fn add_unread(&mut self, policy: super::Unread) {
        self.unread.push(policy);
    }

    /// Reads the policies that were added unread.
    pub(super) fn read(&mut self) {
        // Problems of the policies come first, and are reported once.
        let problems = std::mem::take(&mut self.worst.problems);
        let named = std::mem::take(&mut self.worst.named);
        for policy in std::mem::take(&mut self.unread) {
            self.add(policy.read());
        }
        for problem in problems {
            self.report(problem);
        }
        for what in named {
            self.name(what);
        }
        if let Some(boundary) = &mut self.boundary {
            boundary.read();
        }
    }

    /// Reports a fault of the file that concerns the principal.
    pub fn report(&mut self, problem: Problem) {
        if !self.worst.problems.contains(&problem) {
            self.worst.problems.push(problem);
        }
    }

    /// Notes what belongs to the principal and is not in the file, as [`parser::Document::named`] does.
    pub fn name(&mut self, what: String) {
        if !self.worst.named.contains(&what) {
            self.worst.named.push(what);
        }
    }

    /// The same, with its place in the file.
    pub fn name_at(&mut self, what: String, span: Span) {
        self.worst.places.push((what.clone(), span));
        self.name(what);
    }
}

/// One principal.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The logical id, the address, or the name of the role.
    pub name: String,
    /// Other names that select it: the name of the role, its ARN.
    pub aliases: Vec<String>,
    /// Its ARN as [`parser::role_arn`] makes one, where the file names a user, or a principal that it does not define. The
    /// owner of its policies has that of a role.
    pub full_arn: Option<String>,
    /// The kind of the principal.
    pub kind: Kind,
    /// The file that defines it.
    pub source: SourceId,
    /// The place of the principal's name in the file.
    pub span: Span,
    /// Who may assume it; `None` for what cannot be assumed, or where the file does not say.
    pub trust: Option<Trust>,
    /// The policies of the principal: one entry, or one for each setting of parameters that may have several values.
    pub documents: Vec<Document>,
}

impl Principal {
    /// Whether a text names it: its name, another name, or a pattern with `*` and `?` of one.
    pub fn is_named(&self, text: &str) -> bool {
        let mut names = [&self.name].into_iter().chain(&self.aliases);
        names.any(|name| name == text || matches(text.as_bytes(), name.as_bytes()))
    }
}

/// Whether a pattern with `*` and `?` matches a text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => (at, from) = (at + 1, from + 1),
            Some(c) if text.get(from) == Some(c) => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((wild, start)) => {
                    star = Some((wild, start + 1));
                    (at, from) = (wild + 1, start + 1);
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == b'*')
}

/// The principals that a file defines.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// In the order of the file.
    pub principals: Vec<Principal>,
    /// Faults of the file that belong to no principal, or to all of them.
    pub problems: Vec<Problem>,
    /// The same of other files.
    pub elsewhere: Vec<(SourceId, Problem)>,
    /// Parameters that were given and that the file does not have.
    pub unknown_parameters: Vec<String>,
    /// Parameters that were given with a value that the file does not allow: the name, the value, and why.
    pub refused_parameters: Vec<(String, String, String)>,
    /// Principals that are not made, because their condition is false.
    pub unmade: Vec<String>,
    /// The names of the parameters of a template.
    pub parameters: BTreeSet<String>,
    /// The nested stacks of a template.
    pub nested: Vec<super::cloudformation::Nested>,
    /// The folders of the local modules that a Terraform module calls.
    pub called: Vec<std::path::PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_select_names() {
        for (pattern, text, expected) in [
            ("*Node", "HeadNode", true),
            ("Head?ode", "HeadNode", true),
            ("Head*", "ComputeNode", false),
            ("*a*b", "xaxb", true),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
