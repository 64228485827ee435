//! Condition keys and the types of their values.

/// The type of the values of a condition key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConditionKeyType {
    /// One text.
    String,
    /// Several texts.
    ArrayOfString,
    /// One ARN.
    Arn,
    /// Several ARNs.
    ArrayOfArn,
    /// True or false.
    Bool,
    /// Several times true or false.
    ArrayOfBool,
    /// A number.
    Numeric,
    /// A point in time.
    Date,
    /// An address or a range of addresses.
    IpAddress,
}

impl ConditionKeyType {
    /// True where the values are true or false.
    pub fn is_boolean(self) -> bool {
        matches!(self, ConditionKeyType::Bool | ConditionKeyType::ArrayOfBool)
    }

    /// True where a request can have several values.
    pub fn is_array(self) -> bool {
        matches!(
            self,
            ConditionKeyType::ArrayOfString
                | ConditionKeyType::ArrayOfArn
                | ConditionKeyType::ArrayOfBool
        )
    }

    pub(super) const ALL: [(ConditionKeyType, &'static str); 9] = [
        (ConditionKeyType::String, "String"),
        (ConditionKeyType::ArrayOfString, "ArrayOfString"),
        (ConditionKeyType::Arn, "ARN"),
        (ConditionKeyType::ArrayOfArn, "ArrayOfARN"),
        (ConditionKeyType::Bool, "Bool"),
        (ConditionKeyType::ArrayOfBool, "ArrayOfBool"),
        (ConditionKeyType::Numeric, "Numeric"),
        (ConditionKeyType::Date, "Date"),
        (ConditionKeyType::IpAddress, "IPAddress"),
    ];

    /// AWS's name of the type: `ArrayOfString`.
    pub fn name(self) -> &'static str {
        let own = Self::ALL.iter().find(|(kind, _)| *kind == self);
        own.map_or("", |(_, name)| name)
    }

    pub(super) fn from_name(text: &str) -> Option<ConditionKeyType> {
        let own = Self::ALL.iter().find(|(_, name)| *name == text);
        own.map(|(kind, _)| *kind)
    }
}

/// A condition key that a service knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConditionKey<'a> {
    /// e.g. `aws:ResourceTag/${TagKey}`.
    pub name: &'a str,
    /// The type of its values.
    pub kind: ConditionKeyType,
}
