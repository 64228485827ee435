//! Shared by the lints on ineffective resources: explains why a string matches no ARN format of its service. The reason
//! is a Region or account that must not be there, one that is missing, or another form.

use crate::catalog::Catalog;
use crate::diff::statement::Resource;
use crate::matcher::{Class, Pattern, Reading, Variables};
use crate::parser::with_article;

/// The reason why no ARN format of its service matches a string; `None` if one does, or the catalogue does not know.
pub(super) fn fault(catalog: &Catalog, resource: &Resource) -> Option<String> {
    let arn = &resource.pattern;
    if arn.field_count() < 6 {
        return None;
    }
    let name = arn.literal_field(2)?;
    let service = catalog.service(&name)?;
    let types: Vec<&str> = service.resource_types().map(|t| t.arn).collect();
    if types.is_empty() {
        return None;
    }
    let own = resource.patterns(Reading::Loose, Variables::Any);
    let meets = |format: &str| {
        let format = format_of(format);
        own.iter().any(|p| p.overlaps(&format))
    };
    if types.iter().any(|format| meets(format)) {
        return None;
    }
    let field = |index: usize| match arn.field(index) {
        Some([]) => Some(false),
        Some(_) => Some(true),
        None => None,
    };
    let named =
        |format: &str, index: usize| format.split(':').nth(index).is_some_and(|f| !f.is_empty());
    for (index, what) in [(3, "Region"), (4, "account")] {
        let has = field(index)?;
        // The same ARN with that field filled or emptied is one.
        let mut others = types.iter().filter(|format| named(format, index) != has);
        let would_do = others.any(|format| {
            let changed = with_field(format, index, has);
            meets(&changed)
        });
        if would_do && has {
            return Some(format!(
                "`{}`: ARNs of `{name}` have no {what}",
                resource.text
            ));
        } else if would_do {
            return Some(format!(
                "`{}`: ARNs of `{name}` have {}, or `*` for it",
                resource.text,
                with_article(what)
            ));
        }
    }
    Some(format!(
        "`{}` does not have the form of any ARN of `{name}` in the catalogue",
        resource.text
    ))
}

fn format_of(format: &str) -> Pattern {
    use crate::matcher::arn::{self, Field};
    arn::format(format, Field::Any, Field::Any, Field::Any, &|_| Class::ANY)
}

/// A format with a field of any text (`filled`) or none.
fn with_field(format: &str, index: usize, filled: bool) -> String {
    let fields = format.splitn(6, ':').enumerate();
    let fields: Vec<&str> = fields
        .map(|(i, field)| match (i == index, filled) {
            (true, true) => "${Any}",
            (true, false) => "",
            _ => field,
        })
        .collect();
    fields.join(":")
}
