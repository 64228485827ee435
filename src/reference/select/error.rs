//! Why a reference could not be selected.

use miette::Diagnostic;
use thiserror::Error;

/// No reference answers to what was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Error, Diagnostic)]
pub enum SelectError {
    /// Not a release number.
    #[error("`{text}` is not a release of ParallelCluster")]
    #[diagnostic(
        code(reference::release),
        help("write it like 2.4.1, 2.4 or 2.4-2.6; known: {known}")
    )]
    BadRelease {
        /// As given.
        text: String,
        /// The releases there are.
        known: String,
    },
    /// A release that does not exist, or that is newer than the data.
    #[error("{reason}")]
    #[diagnostic(code(reference::release), help("{help}"))]
    UnknownRelease {
        /// Why there is none.
        reason: String,
        /// The alternative to pass.
        help: String,
    },
    /// A scheduler that ParallelCluster never had.
    #[error("`{name}` is not a scheduler of ParallelCluster")]
    #[diagnostic(code(reference::scheduler), help("{help}"))]
    UnknownScheduler {
        /// As given.
        name: String,
        /// The legal values.
        help: String,
    },
    /// A scheduler that the release has no more.
    #[error("`{name}` was dropped in {next}; the last release with it is {last}")]
    #[diagnostic(
        code(reference::scheduler),
        help("ParallelCluster {release} has: {schedulers}; with `{name}` ask for {last} or older")
    )]
    DroppedScheduler {
        /// As given.
        name: String,
        /// The first release without it.
        next: String,
        /// The last release with it.
        last: String,
        /// The release that was asked for.
        release: String,
        /// The choices of that release.
        schedulers: String,
    },
    /// A role without data.
    #[error("`{name}` is not a role of ParallelCluster {release} with {scheduler}")]
    #[diagnostic(code(reference::role), help("{help}"))]
    UnknownRole {
        /// As given.
        name: String,
        /// The release that was asked for.
        release: String,
        /// The scheduler that was asked for.
        scheduler: String,
        /// The legal values.
        help: String,
    },
    /// A role without a known policy for the release.
    #[error("no policy of role `{name}` is known for ParallelCluster {release}{with}")]
    #[diagnostic(
        code(reference::role),
        help("there are policies for {known}; compare with the nearest of these")
    )]
    NoPolicy {
        /// The role.
        name: String,
        /// The release that was asked for.
        release: String,
        /// ` with` and the scheduler that was asked for; empty where the role is the same with every scheduler.
        with: String,
        /// The releases with a known policy.
        known: String,
    },
    /// A feature that no requirement names.
    #[error("`{name}` is not a feature")]
    #[diagnostic(code(reference::feature), help("{help}"))]
    UnknownFeature {
        /// As given.
        name: String,
        /// The legal values.
        help: String,
    },
    /// A feature that is given both as on and as off.
    #[error("`{one}` and `{other}` contradict each other")]
    #[diagnostic(
        code(reference::feature),
        help("name the features that the cluster has, or `none` alone where it has none")
    )]
    Contradiction {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// Two features that exclude each other.
    #[error("a cluster has either `{one}` or `{other}`")]
    #[diagnostic(code(reference::feature), help("give one of them"))]
    Exclusive {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
}
