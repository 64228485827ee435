//! IAM actions with which a role can give itself, or a service, the rights of any role.

use super::{Context, Lint, enumerate};
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::ActionPattern;
use crate::parser::Effect;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "privilege-escalation",
    severity: Severity::Note,
    summary: "an IAM action that hands out rights reaches every role",
    doc: include_str!("../../rules/lints/privilege-escalation.md"),
    since: "0.1.0",
    check,
};

/// An action that hands out rights, and the condition keys that limit it.
struct Path {
    action: &'static str,
    /// In lower case.
    name: &'static str,
    /// Folded.
    keys: &'static [&'static str],
    help: &'static str,
}

const PATHS: [Path; 5] = [
    Path {
        action: "iam:PassRole",
        name: "passrole",
        keys: &["iam:passedtoservice", "iam:associatedresourcearn"],
        help: "`iam:PassedToService` names the services that a role may be handed to",
    },
    Path {
        action: "iam:PutRolePolicy",
        name: "putrolepolicy",
        keys: &["iam:permissionsboundary"],
        help: "`iam:PermissionsBoundary` asks for a boundary on every role that is changed",
    },
    Path {
        action: "iam:AttachRolePolicy",
        name: "attachrolepolicy",
        keys: &["iam:permissionsboundary", "iam:policyarn"],
        help: "`iam:PolicyARN` names the policies that may be attached",
    },
    Path {
        action: "iam:UpdateAssumeRolePolicy",
        name: "updateassumerolepolicy",
        keys: &[],
        help: "",
    },
    Path {
        action: "iam:CreateServiceLinkedRole",
        name: "createservicelinkedrole",
        keys: &["iam:awsservicename"],
        help: "`iam:AWSServiceName` names the services that may get a role",
    },
];

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for statement in compared.comparison.granted {
        if statement.effect == Effect::Allow && may_reach_iam(statement) {
            out.extend(finding(statement));
        }
    }
}

fn may_reach_iam(statement: &Prepared) -> bool {
    statement.not_action
        || statement.actions.iter().any(|a| match &a.pattern {
            ActionPattern::Everything => true,
            ActionPattern::Literal { service, .. } | ActionPattern::Wildcard { service, .. } => {
                service == "iam"
            }
            _ => false,
        })
}

fn finding(statement: &Prepared) -> Option<Finding> {
    let mut listed = statement.resources.iter();
    let wide = listed.find(|r| is_every_role(r));
    if wide.is_none() && !statement.not_resource {
        return None;
    }
    let lines = &statement.conditions.lines;
    let open = |path: &&Path| {
        !lines
            .iter()
            .any(|l| path.keys.contains(&l.test.key.as_str()))
    };
    let mut place = None;
    let reached: Vec<&Path> = PATHS
        .iter()
        .filter(open)
        .filter(|path| {
            let applies = statement.applies("iam", path.name).filter(|a| a.certain);
            if let Some(applies) = applies {
                place.get_or_insert(applies.place().1);
            }
            applies.is_some()
        })
        .collect();
    let span = place?;
    let names: Vec<String> = reached.iter().map(|p| p.action.to_owned()).collect();
    let verb = if names.len() == 1 { "reaches" } else { "reach" };
    let whom = match wide {
        Some(resource) => format!("every role: the resource is `{}`", resource.text),
        None => "every role that `NotResource` does not list".to_owned(),
    };
    let message = format!("{} {verb} {whom}", enumerate(&names));
    let mut finding = LINT.finding(Severity::Note, message, Label::at(statement.source, span));
    finding.notes.push(
        "who can change or hand over any role can have the rights of the most powerful one"
            .to_owned(),
    );
    let keys: Vec<&str> = reached
        .iter()
        .map(|p| p.help)
        .filter(|help| !help.is_empty())
        .collect();
    let mut help =
        "name the roles by their beginning or path (`role/parallelcluster-*`, `role/parallelcluster/*`)".to_owned();
    if !keys.is_empty() {
        help.push_str("; in a Condition, ");
        help.push_str(&keys.join(", "));
    }
    finding.help = Some(help);
    finding.actions = names;
    Some(finding)
}

/// Whether a resource is every role of an account.
fn is_every_role(resource: &Resource) -> bool {
    let fields: Vec<&str> = resource.text.splitn(6, ':').collect();
    let is_every = match fields.as_slice() {
        [_, _, service, _, _, name] => {
            // Of an ARN of another service a role is none.
            matches!(*service, "iam" | "*" | "i*" | "ia*" | "iam*")
                && matches!(*name, "*" | "role/*" | "role*")
        }
        _ => false,
    };
    resource.pattern.is_everything() || is_every
}
