//! The versions and effects of the policy language.

/// `Version` of a policy document; decides whether `${…}` are policy variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// `2008-10-17`, also when the element is missing.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// `Effect` of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes away, whatever else grants.
    Deny,
}
