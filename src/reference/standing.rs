//! When a requirement holds, and how surely ParallelCluster fails without it.

use serde::Deserialize;

/// When an action is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// By every cluster.
    Always,
    /// By clusters that have a feature.
    Feature,
    /// Once in an account.
    FirstUse,
    /// AWS's policy has it, but no call is known.
    UnknownUse,
    /// No such request can exist.
    Never,
}

/// The failure without it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// ParallelCluster fails.
    Certain,
    /// ParallelCluster fails if no policy allows the action on anything. AWS lists no resource types for it, and policies
    /// with ARNs are in use, so these are not known to fail.
    Ungranted,
    /// The first use in an account fails.
    FirstUse,
    /// A function is lost, and the rest works.
    Function,
}

/// How much a gap in one requirement matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Standing {
    /// ParallelCluster fails without it.
    #[default]
    Needed,
    /// The first use in an account fails without it.
    FirstUse,
    /// A function is lost without it.
    Function,
    /// AWS's policy has it, but no call is known.
    UnknownUse,
    /// Only the role that ParallelCluster generates has it; the documented policies before and after do without.
    OnlyGenerated,
    /// AWS's policy has it, but the role that ParallelCluster makes for this configuration does without.
    NotGenerated,
    /// The role that ParallelCluster creates has it with some configurations, and which one it was created for is not known.
    SomeConfigurations,
    /// No resource of the cluster configuration is of a type that it is called for.
    NotInConfiguration,
    /// The part that the generated role of this configuration has is granted.
    Enough,
}

impl Standing {
    /// Why it is not an error; `None` where it is one.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Standing::Needed | Standing::Enough => None,
            Standing::OnlyGenerated => Some(
                "only the role that ParallelCluster generates has it: the documented policies of the releases before and after do without",
            ),
            Standing::NotGenerated => {
                Some("the role that ParallelCluster makes for this configuration does without it")
            }
            Standing::SomeConfigurations => Some(
                "the role that ParallelCluster creates has it with some cluster configurations only: pass the configuration with --cluster-config",
            ),
            Standing::NotInConfiguration => Some("no resource of this cluster needs it"),
            Standing::FirstUse => Some(
                "needed once in an account: nothing fails where the account has this role already",
            ),
            Standing::Function => Some("the cluster works without it, but for this function"),
            Standing::UnknownUse => {
                Some("AWS's policy has it, but ParallelCluster is not known to call it")
            }
        }
    }
}
