//! The managed policies of a module, by their ARNs.

use std::rc::Rc;

use super::evaluate::Machine;
use super::value::Instance;
use super::value::{Place, Value};

/// The policies that a module defines, each with its path and name as they are shown.
#[derive(Default)]
pub(super) struct Managed {
    all: Vec<(Option<String>, Rc<Instance>)>,
}

impl Managed {
    /// Adds a policy.
    pub(super) fn add(&mut self, machine: &mut Machine<'_>, instance: &Rc<Instance>) {
        let place = Place {
            source: instance.source(),
            span: instance.name_span(),
        };
        let arn = machine.attribute(instance, "arn", place);
        let arn = machine.shown(&arn);
        let name = path_and_name(&arn).map(str::to_owned);
        self.all.push((name, Rc::clone(instance)));
    }

    /// The policy whose ARN a value is: a reference to it, or a text with its path and name.
    pub(super) fn find(&self, machine: &mut Machine<'_>, arn: &Value) -> Option<Rc<Instance>> {
        let subject = arn.subject.as_ref().filter(|s| !s.is_data());
        let is_subject = |of: &Instance| subject.is_some_and(|s| s.address == of.address);
        if let Some((_, found)) = self.all.iter().find(|(_, of)| is_subject(of)) {
            return Some(Rc::clone(found));
        }
        let arn = machine.shown(arn);
        let name = path_and_name(&arn)?;
        let (_, found) = self
            .all
            .iter()
            .find(|(known, _)| known.as_deref() == Some(name))?;
        Some(Rc::clone(found))
    }
}

/// What follows `policy` in the ARN of a policy that is an account's. A principal has policies of its own account only, so
/// which account it is says nothing; the policies of AWS are those of the account `aws`.
fn path_and_name(arn: &str) -> Option<&str> {
    let (before, name) = arn.split_once(":policy/")?;
    let (head, account) = before.rsplit_once(':')?;
    (head.starts_with("arn:") && head.ends_with(":iam:") && account != "aws").then_some(name)
}
