//! The part of a plan that answers instead of the code.

use rustc_hash::FxHashMap;

use crate::inventory::terraform::value::Value;

/// The resources and variables of a plan, for what the code leaves open.
#[derive(Debug, Default)]
pub(in crate::inventory::terraform) struct Known {
    /// Values of attributes that are known, by the address of the resource.
    pub(super) resources: FxHashMap<String, FxHashMap<String, Value>>,
}
