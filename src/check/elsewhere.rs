//! Policies that a role has and the input does not contain: they decide what no policy of the input grants.

use crate::diff::comparison::{Comparison, LayerKind};
use crate::diff::coverage::Requirement;
use crate::diff::{Open, OpenValue, Row, Verdict};
use crate::lints::{File, Unread};
use crate::parser::{HoleKind, SourceId, Span};
use crate::reference;

/// Attachments that may contain grants, as [`crate::parser::Document::named`] writes it, and as a report names it.
const KINDS: [(&str, &str); 4] = [
    ("attached-policy:", ""),
    ("group:", "group "),
    ("sam-policy:", "SAM policy template "),
    ("sam-connector:", "SAM connector "),
];

/// The policies of a role that are not in the input.
pub(super) struct Elsewhere {
    all: Vec<Unread>,
    /// The permissions boundary of the role, if a dump does not have it.
    boundary: Option<Unread>,
}

impl Elsewhere {
    /// Those of what was not checked.
    pub(super) fn new(files: &[&File], not_checked: &[String]) -> Self {
        let read = |what: &String| {
            let (kind, words) = KINDS.iter().find(|(kind, _)| what.starts_with(kind))?;
            let name = what.strip_prefix(kind).unwrap_or_default();
            // A policy that does not exist grants nothing.
            if reference::managed_elsewhere(name).is_some() {
                return None;
            }
            Some(Unread {
                name: format!("{words}{name}"),
                // A value that a template leaves open is shown as `${Name}`.
                is_value: name.contains("${"),
                is_boundary: false,
                place: place(files, what),
                actions: 0,
            })
        };
        let boundary = |arn: &String| {
            let what = format!("permissions-boundary:{arn}");
            not_checked.contains(&what).then(|| Unread {
                name: arn.clone(),
                is_value: false,
                is_boundary: true,
                place: place(files, &what),
                actions: 0,
            })
        };
        let mut boundaries = { files.iter() }.filter_map(|f| f.document.absent_boundary.as_ref());
        Elsewhere {
            all: not_checked.iter().filter_map(read).collect(),
            boundary: boundaries.next().and_then(boundary),
        }
    }

    /// Leaves open what the boundary may refuse.
    fn limit(boundary: &Unread, rows: &mut [Requirement]) {
        for row in rows.iter_mut().map(|requirement| &mut requirement.row) {
            let may_be_granted = match &row.depends {
                Some(open) => open.at_best != Verdict::Missing,
                None => matches!(
                    row.verdict,
                    Verdict::Covered | Verdict::Conditional | Verdict::Partial
                ),
            };
            if row.vacuous || !may_be_granted {
                continue;
            }
            leave_open(row, |open| {
                open.at_worst = Verdict::Missing;
                open.values.push(value(boundary));
            });
        }
    }

    /// Leaves open what such a policy may grant. What is denied, or not allowed by a boundary or an SCP, fails whatever it is.
    pub(super) fn settle(&self, comparison: &Comparison<'_>, rows: &mut [Requirement]) {
        if let Some(boundary) = &self.boundary {
            Self::limit(boundary, rows);
        }
        if self.all.is_empty() {
            return;
        }
        for requirement in rows {
            let is_own = requirement.refused_by().iter().all(|at| {
                let layer = comparison.layers.get(*at);
                layer.is_none_or(|l| l.kind == LayerKind::Identity)
            });
            let row = &mut requirement.row;
            let is_open = matches!(row.verdict, Verdict::Missing | Verdict::Partial);
            if row.vacuous || !is_open || !is_own {
                continue;
            }
            leave_open(row, |open| {
                open.at_best = Verdict::Covered;
                open.values.extend(self.all.iter().map(value));
            });
        }
    }

    /// Whether a row depends on such a policy.
    pub(super) fn decides(row: &Row) -> bool {
        let mut values = row.depends.iter().flat_map(|open| &open.values);
        values.any(|value| value.kind == HoleKind::Document)
    }

    /// The policies, each with the number of required actions that depend on it and that the role surely fails without.
    pub(super) fn unread<'r>(mut self, rows: impl Iterator<Item = &'r Row>) -> Vec<Unread> {
        let rows: Vec<&Row> = rows.collect();
        self.all.extend(self.boundary);
        for unread in &mut self.all {
            let hangs = |row: &&&Row| {
                let mut values = row.depends.iter().flat_map(|open| &open.values);
                values.any(|value| value.name == unread.name)
            };
            let on_it = rows.iter().filter(hangs);
            let mut actions: Vec<&str> = on_it.map(|row| row.action.as_str()).collect();
            actions.sort_unstable();
            actions.dedup();
            unread.actions = actions.len();
        }
        self.all
    }
}

/// Makes the verdict of a row depend on more.
fn leave_open(row: &mut Row, change: impl FnOnce(&mut Open)) {
    let mut open = row.depends.take().unwrap_or_else(|| {
        Box::new(Open {
            at_worst: row.verdict,
            at_best: row.verdict,
            values: Vec::new(),
        })
    });
    change(&mut open);
    row.verdict = Verdict::Depends;
    row.depends = Some(open);
}

/// Such a policy as a value that a verdict depends on.
fn value(unread: &Unread) -> OpenValue {
    OpenValue {
        name: unread.name.clone(),
        kind: HoleKind::Document,
        place: unread.place,
        value: None,
        option: None,
    }
}

/// Where a file names it; else the role; else the start of the first file.
pub(super) fn place(files: &[&File], what: &str) -> (SourceId, Span) {
    let written = files.iter().find_map(|file| {
        let mut places = file.document.places.iter();
        let (_, span) = places.find(|(name, _)| name == what)?;
        Some((file.source, *span))
    });
    let of_role = || {
        let mut principals = files.iter().filter_map(|f| f.principal.as_ref());
        principals.next().map(|p| (p.source, p.span))
    };
    let start = || files.first().map(|f| (f.source, Span::default()));
    let found = written.or_else(of_role).or_else(start);
    found.unwrap_or((SourceId(0), Span::default()))
}
