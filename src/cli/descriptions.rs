//! Files that describe a role and have no policy of it.

use super::job::Job;
use crate::lints::File;
use crate::parser::ProblemKind;

/// Lets descriptions of roles be, where every role that they are given for has policies in other files.
pub(super) fn accept_descriptions(files: &mut [File], jobs: &[Job]) {
    let has_policies = |job: &Job| {
        let mut own = job.files.iter().filter_map(|at| files.get(*at));
        own.any(|file| !file.document.policies.is_empty())
    };
    let judged: Vec<(&Job, bool)> = jobs.iter().map(|job| (job, has_policies(job))).collect();
    let is_accepted = |at: usize| {
        let describes_role = |file: &File| file.document.describes_role;
        if !files.get(at).is_some_and(describes_role) {
            return false;
        }
        let mut of_file = { judged.iter() }
            .filter(|(job, _)| job.files.contains(&at))
            .peekable();
        of_file.peek().is_some() && of_file.all(|(_, has_policies)| *has_policies)
    };
    let accepted: Vec<bool> = (0..files.len()).map(is_accepted).collect();
    for (file, is_accepted) in files.iter_mut().zip(accepted) {
        if is_accepted {
            let problems = &mut file.document.problems;
            problems.retain(|p| p.kind != ProblemKind::InvalidJson);
        }
    }
}
