//! Concrete requests to try, made from the ARNs of a policy and the formats of resource types.

use std::collections::BTreeSet;

use pcluster_iam::catalog::Catalog;

use super::evaluator::Statement;

/// Names worth trying: those in the policy's own ARNs, with and without something in the wildcards.
pub fn names(statements: &[Statement]) -> Vec<String> {
    let mut names = BTreeSet::from(["x", "narrow-x", "batch/x"].map(str::to_owned));
    for arn in statements.iter().flat_map(|s| &s.resources) {
        let Some(resource) = arn.splitn(6, ':').nth(5) else {
            continue;
        };
        let rests = resource
            .match_indices(['/', ':'])
            .map(|(at, _)| &resource[at + 1..]);
        for piece in resource.split(['/', ':']).chain(rests).chain([resource]) {
            for filler in ["", "x", "narrow-x"] {
                let name = piece.replace('*', filler);
                if !name.is_empty() {
                    names.insert(name);
                }
            }
        }
    }
    names.into_iter().collect()
}

/// Concrete requests of an action: the ARN formats of its resource types filled with names.
pub fn requests(action: &str, names: &[String], region: &str) -> Vec<String> {
    let (service, name) = action.split_once(':').unwrap();
    let known = Catalog::embedded()
        .service(service)
        .and_then(|s| s.action(name));
    // What the catalogue does not have is judged by its name, whatever the resource.
    let Some(known) = known else {
        return vec!["*".to_owned()];
    };
    if !known.has_resource_types() {
        return vec!["*".to_owned()];
    }
    let mut all = Vec::new();
    for kind in known.resource_types() {
        let format = kind
            .arn
            .replace("${Partition}", "aws")
            .replace("${Region}", region);
        let accounts: &[&str] = match (service, kind.name) {
            ("iam", "policy") => &["123456789012", "aws"],
            ("ssm", "parameter") => &["123456789012", ""],
            _ => &["123456789012"],
        };
        for account in accounts {
            let mut filled = vec![format.replace("${Account}", account)];
            while filled[0].contains("${") {
                filled = filled
                    .iter()
                    .flat_map(|arn| {
                        let start = arn.find("${").unwrap();
                        let end = start + arn[start..].find('}').unwrap();
                        let bucket = arn[start..end].ends_with("BucketName");
                        names
                            .iter()
                            .filter(move |n| !bucket || !n.contains(['/', ':']))
                            .map(move |n| format!("{}{n}{}", &arn[..start], &arn[end + 1..]))
                    })
                    .take(20_000)
                    .collect();
            }
            all.extend(filled.into_iter().map(|arn| arn.replace('*', "x")));
        }
    }
    all
}
