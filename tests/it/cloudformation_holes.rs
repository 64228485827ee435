//! What a template leaves open silences nothing, and what is decided for every value of it is decided for each.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::common::left_open::{literals, policies, refused, silenced};
use crate::common::program::{JUDGED, run};

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|c| c.parse().ok())
}

/// Judges roles of one template, each with one policy: the results by logical id, with the place of each policy.
fn judge(roles: &[(String, Value)]) -> BTreeMap<String, (Value, usize)> {
    let mut text = String::from(r#"{"Parameters":{"Open":{"Type":"String"}},"Resources":{"#);
    let mut starts = BTreeMap::new();
    for (nth, (name, policy)) in roles.iter().enumerate() {
        if nth > 0 {
            text.push(',');
        }
        text.push_str(&format!(
            r#""{name}":{{"Type":"AWS::IAM::Role","Properties":{{"Policies":[{{"PolicyName":"p","PolicyDocument":"#
        ));
        starts.insert(name.clone(), text.len());
        text.push_str(&policy.to_string());
        text.push_str("}]}}");
    }
    text.push_str("}}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.json"), text).unwrap();
    let run = run(folder.path(), &[&["lint", "t.json"], &JUDGED[..]].concat());
    let value: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let results = value["results"].as_array().unwrap().iter();
    let by_name = results.map(|result| {
        let name = result["principal"]["name"].as_str().unwrap().to_owned();
        let start = starts[&name];
        (name, (result.clone(), start))
    });
    by_name.collect()
}

#[test]
fn no_literal_that_is_left_open_silences_a_row() {
    // One of so many; all of them by hand.
    let sample = number("PCLUSTER_IAM_SAMPLE").unwrap_or(97);
    let mut wrong = Vec::new();
    let mut nth = 0;
    let mut tried = 0;
    for (file, policy) in policies() {
        let mut roles = vec![("Base".to_owned(), policy.clone())];
        let mut chosen = Vec::new();
        for at in literals(&policy) {
            nth += 1;
            if nth % sample == 0 {
                let mut changed = policy.clone();
                *changed.pointer_mut(&at).unwrap() = json!({"Ref": "Open"});
                roles.push((format!("R{}", chosen.len()), changed));
                chosen.push(at);
            }
        }
        if chosen.is_empty() {
            continue;
        }
        let results = judge(&roles);
        let (base, start) = &results["Base"];
        for (nth, at) in chosen.iter().enumerate() {
            tried += 1;
            let (result, _) = &results[&format!("R{nth}")];
            // The literal in the text of the policy.
            let mut marked = policy.clone();
            *marked.pointer_mut(at).unwrap() = json!("\u{1}");
            let from = marked.to_string().find("\"\\u0001\"").unwrap();
            let literal = from..from + policy.pointer(at).unwrap().to_string().len();
            let literal = start + literal.start..start + literal.end;
            let faults = silenced(base, &literal, result);
            let faults = faults.into_iter().chain(refused(base, result));
            wrong.extend(faults.map(|fault| format!("{file} {at}: {fault}")));
        }
    }
    assert!(tried > 10, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} wrong of {tried}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
