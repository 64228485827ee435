//! Mistakes of a configuration, each at its place.

use pcluster_iam::config;
use pcluster_iam::parser::Source;

use super::{TARGET, node};
use crate::common::project::Project;
use crate::common::table::each;

#[test]
fn every_mistake_is_drawn_at_its_place_and_all_at_once() {
    // Each text with the message, the text that is underlined and a part of the help.
    let cases = [
        (
            "regio = \"us-east-1\"",
            "`regio` is not a key of the configuration",
            "regio",
            "did you mean `region`?",
        ),
        (
            "set = {}",
            "`set` is not a key of the configuration",
            "set",
            "did you mean `bindings`?",
        ),
        (
            "role = \"user\"",
            "`role` belongs to a target",
            "role",
            "[[target]]",
        ),
        (
            "pcluster-version = 3.14",
            "`pcluster-version` must be a string, not a float",
            "3.14",
            "\"3.14\"",
        ),
        (
            "account = 123456789012",
            "`account` must be a string, not an integer",
            "123456789012",
            "\"123456789012\"",
        ),
        (
            "account = \"12\"",
            "`12` is not a value for `account`: an account id has 12 digits",
            "\"12\"",
            "123456789012",
        ),
        (
            "region = \"mars\"",
            "`mars` is not a value for `region`: it is not the name of an AWS Region",
            "\"mars\"",
            "us-east-1",
        ),
        (
            "partition = \"azure\"",
            "`azure` is not a value for `partition`: it is not an AWS partition",
            "\"azure\"",
            "aws-cn",
        ),
        (
            "scheduler = \"slrm\"",
            "`slrm` is not a scheduler of ParallelCluster",
            "\"slrm\"",
            "did you mean `slurm`?",
        ),
        (
            "pcluster-version = \"3.99\"",
            "ParallelCluster 3.99.0 is newer than what this program knows",
            "\"3.99\"",
            "newest",
        ),
        (
            "features = [\"efs\", \"fxs\"]",
            "`fxs` is not a feature",
            "\"fxs\"",
            "did you mean `fsx`?",
        ),
        (
            "fail-on = \"warnings\"",
            "`warnings` is not a value for `fail-on`",
            "\"warnings\"",
            "did you mean `warning`?",
        ),
        (
            "attached = [\"x\"]",
            "`x` is not a value for `attached`: it is not the ARN of a policy",
            "\"x\"",
            "arn:aws",
        ),
        (
            "context = { x = \"1\" }",
            "`x` is not a condition key",
            "x",
            "service:Name",
        ),
        (
            "context = { \"aws:x\" = [] }",
            "`aws:x` has no value",
            "[]",
            "leave the key out",
        ),
        (
            "context = { \"aws:x\" = \"1\", \"aws:X\" = \"2\" }",
            "`aws:x` is given twice",
            "\"aws:x\"",
            "upper and lower case",
        ),
        (
            "[lints]\nunneded-action = \"off\"",
            "`unneded-action` is not a lint",
            "unneded-action",
            "did you mean `unneeded-action`?",
        ),
        (
            "[lints]\nknown-gap = \"of\"",
            "`of` is not a severity",
            "\"of\"",
            "did you mean `off`?",
        ),
        (
            "[lints]\nundecided = \"off\"",
            "the severity of `undecided` cannot be changed",
            "undecided",
            "exit code 2",
        ),
        (
            "[lints]\ninvalid-json = \"note\"",
            "the severity of `invalid-json` cannot be changed",
            "invalid-json",
            "exit code 2",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"",
            "an ignore has no `reason`",
            "[[ignore]]",
            "say why",
        ),
        (
            "[[ignore]]\nreason = \"x\"",
            "an ignore names nothing, so it would hide everything",
            "[[ignore]]",
            "lint, path",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \" \"",
            "`reason` is empty",
            "\" \"",
            "give a value",
        ),
        (
            "[[ignore]]\nlint = \"undecided\"\nreason = \"x\"",
            "`undecided` cannot be ignored",
            "\"undecided\"",
            "exit code 2",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \"x\"\nuntil = \"31.1.2027\"",
            "`31.1.2027` is not a day",
            "\"31.1.2027\"",
            "2027-01-31",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \"x\"\nuntil = 2027-01-31T00:00:00Z",
            "`2027-01-31T00:00:00Z` is not a day",
            "2027-01-31T00:00:00Z",
            "2027-01-31",
        ),
        (
            "[[ignore]]\nsid = \"A\"\nline = 3\nreason = \"x\"",
            "`line` is not a key of an ignore",
            "line",
            "lint",
        ),
        (
            "[ignore]\nsid = \"A\"",
            "`ignore` is a list of tables",
            "[ignore]",
            "[[ignore]]",
        ),
        (
            "[[target]]\npolicies = \"a.json\"",
            "a target has no `name`",
            "[[target]]",
            "name =",
        ),
        (
            "[[target]]\nname = \"a\"",
            "a target has no `policies`",
            "[[target]]",
            "policies =",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = []",
            "`policies` is empty",
            "[]",
            "iam/*.json",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = [\"[.json\"]",
            "`[.json` is not a pattern of file names: invalid range pattern",
            "\"[.json\"",
            "`*`",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\nrole = \"instanse\"",
            "`instanse` is not a role of ParallelCluster",
            "\"instanse\"",
            "did you mean `instance`?",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\nrole = \"instance\"\nreference = \"r.json\"",
            "a target has either `reference` or `role`",
            "\"instance\"",
            "leave one",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\n[[target]]\nname = 'a'\npolicies = \"a.json\"",
            "two targets have the name `a`",
            "'a'",
            "of its own",
        ),
        (
            "a = ",
            "string values must be quoted, expected literal string",
            "",
            "TOML",
        ),
        (
            "region = \"us-east-1\"\nregion = \"us-east-2\"",
            "duplicate key",
            "region",
            "TOML",
        ),
    ];
    for (text, message, marked, help) in cases {
        let source = Source::new("pcluster-iam.toml", text);
        let problems = config::read(&source).expect_err(text);
        let found = problems.iter().find(|p| p.message == message);
        let found = found.unwrap_or_else(|| panic!("{text}: {problems:?}"));
        assert_eq!(source.slice(found.span), marked, "{text}");
        let said = found.help.as_deref().unwrap_or_default();
        assert!(said.contains(help), "{text}: {said}");
        assert!(!found.message.ends_with('.') && !said.ends_with('.'));
    }
    // All but those of the syntax in one file, each on its own line.
    let all = "regio = 1\nscheduler = \"slrm\"\n[lints]\nx = \"off\"\n[[ignore]]\nlint = \"y\"\n";
    let project = Project::new(&[("pcluster-iam.toml", all), ("a.json", &node())]);
    each(
        [&["lint"][..], &["lint", "a.json"], &["baseline"]],
        |arguments| {
            let run = project.run(arguments);
            assert_eq!(run.code, 2);
            assert_eq!(run.out, "");
            for place in ["1:1", "2:13", "4:1", "5:1", "6:8"] {
                let at = format!("  --> pcluster-iam.toml:{place}\n");
                assert!(run.err.contains(&at), "{place}: {}", run.err);
            }
            assert!(
                run.err
                    .contains("error: `pcluster-iam.toml` has 5 mistakes")
            );
        },
    );
}

#[test]
fn what_only_shows_when_targets_are_resolved_is_drawn_too() {
    let config = "[[target]]\nname = \"a\"\nrole = \"user\"\nscheduler = \"sge\"\npcluster-version = \"3.1\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"b\"\nrole = \"user\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"c\"\nrole = \"instance\"\nscheduler = \"sge\"\npolicies = [\"gone/*.json\", \"gone.json\"]\n\
        [[target]]\nname = \"d\"\nrole = \"instance\"\nscheduler = \"sge\"\npolicies = \"a.json\"\nbindings = { Queu = \"x\" }\n\
        [[target]]\nname = \"e\"\nreference = \"gone.json\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"f\"\ncluster-config = \"gone.yaml\"\npolicies = \"a.json\"\n";
    let project = Project::new(&[("pcluster-iam.toml", config), ("a.json", &node())]);
    let run = project.run(&["lint"]);
    assert_eq!(run.code, 2, "{}", run.out);
    each(
        [
            ("4:13", "`sge` was dropped in 2.11.5"),
            (
                "8:8",
                "nothing says which scheduler the cluster of `b` uses",
            ),
            ("15:13", "no file matches `gone/*.json`"),
            ("15:28", "no file matches `gone.json`"),
            ("21:21", "the reference has no placeholder `Queu`"),
            ("24:13", "`gone.json` cannot be the reference"),
            ("28:18", "--cluster-config `gone.yaml`"),
        ],
        |(place, message)| {
            let at = run
                .err
                .split("error[configuration]: ")
                .find(|part| part.starts_with(message));
            let at = at.unwrap_or_else(|| panic!("{message}: {}", run.err));
            assert!(at.contains(&format!("pcluster-iam.toml:{place}\n")), "{at}");
        },
    );
}

#[test]
fn a_binding_that_no_target_uses_is_a_mistake() {
    let config = format!("bindings = {{ Ec2RoleNam = \"x\" }}\n{TARGET}");
    let project = Project::new(&[("pcluster-iam.toml", &config), ("iam/a.json", &node())]);
    let run = project.run(&["lint"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("no target's reference has a placeholder `Ec2RoleNam`")
    );
    // Files of the command line may be about another role.
    assert_eq!(
        project
            .run(&[
                "lint",
                "iam/a.json",
                "--role",
                "instance",
                "--scheduler",
                "sge"
            ])
            .code,
        0
    );
}
