//! The policies of a role, with a value for all that is open in them.

use crate::diff::comparison::LayerKind;
use crate::parser::{Policy, SourceId};

/// The policies of a role and of what limits it, in one reading.
pub(super) struct Policies<'f> {
    pub(super) own: Vec<&'f Policy>,
    pub(super) limits: Vec<(LayerKind, Vec<SourceId>, Vec<&'f Policy>)>,
}
