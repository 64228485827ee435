//! What AWS defines: services, actions, access levels, resource types, condition keys.

/// How AWS classes an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads content.
    Read,
    /// Creates, changes, deletes.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// Changes tags only.
    Tagging,
}

/// A resource type that an action can be limited to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourceType<'a> {
    /// e.g. `queue`.
    pub name: &'a str,
    /// e.g. `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`.
    pub arn: &'a str,
    /// True where every call names a resource of this type.
    pub required: bool,
}

/// One action of one service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action<'a> {
    /// Service prefix, lower case: `sqs`.
    pub service: &'a str,
    /// AWS's spelling: `GetQueueUrl`.
    pub name: &'a str,
    /// Access level.
    pub access: AccessLevel,
}
