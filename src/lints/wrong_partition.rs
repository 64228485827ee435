//! An ARN of another partition than its own Region, or than the cluster.

use super::{Context, Lint, count};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Attachment, SourceId, Text, shorten};
use crate::reference::bindings::{self, PARTITIONS};
use crate::rejection::{CONSEQUENCE, is_of_other_partition};

/// Metadata; the page is `rules/lints/wrong-partition.md`.
pub(super) static LINT: Lint = Lint {
    id: "wrong-partition",
    severity: Severity::Error,
    summary: "an ARN is of another partition than its Region or the cluster",
    doc: include_str!("../../rules/lints/wrong-partition.md"),
    since: "0.1.0",
    check,
};

/// Further places drawn.
const RELATED: usize = 8;

/// ARNs of one file that have one fault.
struct Group {
    source: SourceId,
    partition: String,
    wanted: String,
    /// Whether the Region in the ARN itself decides.
    by_region: bool,
    found: Finding,
    count: usize,
}

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let compared = context.compared.as_ref();
    let bound = compared.and_then(|c| c.bindings.one("Partition"));
    let known = compared.and_then(|c| c.bindings.known_partition());
    let mut groups: Vec<Group> = Vec::new();
    for policy in context.policies() {
        for statement in &policy.statements {
            for text in statement.resource.iter().flat_map(|r| &r.values) {
                if let Some(wrong) = wrong(text, bound) {
                    let is_refused = policy.attachment != Attachment::Scp
                        && known.is_some_and(|own| is_of_other_partition(&text.value, own));
                    let severity = if is_refused {
                        Severity::Error
                    } else {
                        Severity::Warning
                    };
                    add(&mut groups, policy.source, text, wrong, severity);
                }
            }
        }
    }
    for (arn, label) in context.named_policies() {
        let partition = arn
            .strip_prefix("arn:")
            .and_then(|arn| arn.split(':').next());
        let own = known.filter(|own| is_of_other_partition(arn, own));
        let (Some(partition), Some(own)) = (partition, own) else {
            continue;
        };
        let message = format!(
            "the managed policy `{}` is of partition `{partition}`, but the cluster is judged for `{own}`: no principal there can have it",
            shorten(arn)
        );
        let mut found = LINT.finding(Severity::Error, message, label);
        found.help = Some(format!(
            "write `arn:{own}:`, or say where the cluster is: --partition {partition}"
        ));
        found.subject = Some(arn.to_owned());
        out.push(found);
    }
    for mut group in groups {
        if group.count > 1 {
            let more = count(group.count - 1, "more ARN");
            let verb = if group.count == 2 { "is" } else { "are" };
            group.found.message = format!("{}, and so {verb} {more}", group.found.message);
        }
        if group.found.severity == Severity::Error {
            group.found.message = format!("{}: {CONSEQUENCE}", group.found.message);
        }
        out.push(group.found);
    }
}

/// The partition, the one that it should be, and the Region of the ARN that says so.
type Wrong<'t> = (&'t str, &'t str, Option<&'t str>);

fn wrong<'t>(text: &'t Text, bound: Option<&'t str>) -> Option<Wrong<'t>> {
    let (partition, rest) = text.value.strip_prefix("arn:")?.split_once(':')?;
    // An unknown partition is invalid, not wrong.
    if !PARTITIONS.contains(&partition) {
        return None;
    }
    // A wildcard, an empty field and a placeholder lie nowhere.
    let region = rest.split(':').nth(1);
    let region = region.filter(|r| r.contains('-') && !r.contains(['*', '?', '$', '<', '{', '%']));
    match region.map(bindings::partition_of) {
        Some(wanted) if wanted != partition => Some((partition, wanted, region)),
        _ => bound
            .filter(|b| *b != partition && PARTITIONS.contains(b))
            .map(|b| (partition, b, None)),
    }
}

fn add(
    groups: &mut Vec<Group>,
    source: SourceId,
    text: &Text,
    (partition, wanted, region): Wrong<'_>,
    severity: Severity,
) {
    let start = "arn:".len();
    let label = Label::at(source, text.part(start..start + partition.len()));
    let same = groups.iter_mut().find(|g| {
        g.source == source
            && g.partition == partition
            && g.wanted == wanted
            && g.by_region == region.is_some()
            && g.found.severity == severity
    });
    if let Some(group) = same {
        group.count += 1;
        if group.found.related.len() < RELATED {
            group.found.related.push(label);
        }
        return;
    }
    let shown = shorten(&text.value);
    let message = match region {
        Some(region) => {
            format!("`{shown}` is of partition `{partition}`, but `{region}` lies in `{wanted}`")
        }
        None => format!(
            "`{shown}` is of partition `{partition}`, but the cluster is judged for `{wanted}`"
        ),
    };
    let mut found = LINT.finding(severity, message, label);
    found.help = Some(match region {
        Some(_) => format!("write `arn:{wanted}:`"),
        None => {
            format!("write `arn:{wanted}:`, or say where the cluster is: --partition {partition}")
        }
    });
    found.subject = Some(format!("{partition} {wanted}"));
    groups.push(Group {
        source,
        partition: partition.to_owned(),
        wanted: wanted.to_owned(),
        by_region: region.is_some(),
        found,
        count: 1,
    });
}
