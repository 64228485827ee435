//! Permissions boundaries that are policies of AWS.

use crate::lints::File;
use crate::parser::{self, Source, Sources};
use crate::reference;

/// The file of a boundary that is a policy of AWS; `None` where its text is not known.
pub(super) fn managed_boundary(arn: &str, sources: &mut Sources) -> Option<File> {
    let text = reference::managed_text(arn)?;
    let source = sources.add(Source::new(arn, text));
    let document = parser::parse(source, sources.get(source));
    Some(File::new(source, document))
}
