//! Suggestions for services and actions that do not exist.

use super::{Catalog, Service};
use crate::nearest;

/// Names of services in documentation, consoles and tools, with the prefix for IAM.
const ALIASES: [(&str, &str); 22] = [
    ("alb", "elasticloadbalancing"),
    ("asg", "autoscaling"),
    ("cfn", "cloudformation"),
    ("cloudwatchlogs", "logs"),
    ("cognito", "cognito-idp"),
    ("config-service", "config"),
    ("ddb", "dynamodb"),
    ("documentdb", "rds"),
    ("efs", "elasticfilesystem"),
    ("elasticsearch", "es"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("kinesis-firehose", "firehose"),
    ("mq", "amazonmq"),
    ("msk", "kafka"),
    ("opensearch", "es"),
    ("parameterstore", "ssm"),
    ("secrets", "secretsmanager"),
    ("stepfunctions", "states"),
    ("systemsmanager", "ssm"),
];

pub(super) fn service<'a>(catalog: &'a Catalog, prefix: &str) -> Option<Service<'a>> {
    if let Some(service) = catalog.service(prefix) {
        return Some(service);
    }
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(prefix));
    if let Some(service) = alias.and_then(|(_, meant)| catalog.service(meant)) {
        return Some(service);
    }
    nearest(
        prefix,
        catalog
            .services()
            .map(|service| (service.tables.prefix, service)),
    )
}

pub(super) fn action(catalog: &Catalog, prefix: &str, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let meant = service(catalog, prefix);
    let found = meant
        .and_then(|service| service.action(name))
        .or_else(|| {
            meant.and_then(|service| {
                nearest(name, service.actions().map(|action| (action.name, action)))
            })
        })
        .or_else(|| {
            let mut elsewhere = catalog
                .services()
                .filter_map(|service| service.action(name));
            let only = elsewhere.next()?;
            elsewhere.next().is_none().then_some(only)
        })?;
    Some(format!("{}:{}", found.service, found.name))
}

/// The candidate with the fewest slips, where there are few for the length of what is written.
fn nearest<'a, T>(written: &str, candidates: impl Iterator<Item = (&'a str, T)>) -> Option<T> {
    if written.contains(['*', '?']) {
        return None;
    }
    let most = (written.chars().count() / 4).clamp(1, 4);
    nearest::nearest(written, candidates, |_| most)
}
