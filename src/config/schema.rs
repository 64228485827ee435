//! The JSON Schema of the configuration, for editors.

/// The schema of `pcluster-iam schema config`, generated from the types below by a test.
pub const SCHEMA: &str = include_str!("../../rules/schema/config.json");

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde_json::{Map, Value, json};

    use super::SCHEMA;
    use crate::config::accepted::{FIELDS, IGNORE};
    use crate::config::keep::KEEP;
    use crate::config::section::{OPTIONS, TARGET, TOP};
    use crate::config::{self, FIXED};
    use crate::parser::Source;
    use crate::{lints, reference};

    /// The content of `pcluster-iam.toml`.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case", deny_unknown_fields)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    struct Document {
        #[schemars(flatten)]
        defaults: Options,
        /// Lowest severity that makes the exit code 1 [default: error].
        fail_on: Option<FailOn>,
        /// File of the baseline, relative to this one.
        baseline: Option<String>,
        /// The roles to judge if the command line names no file.
        target: Option<Vec<Target>>,
        /// Severities of lints by id.
        lints: Option<Levels>,
        /// Findings that were accepted.
        ignore: Option<Vec<Ignore>>,
        /// What is granted on purpose.
        keep: Option<Vec<Keep>>,
    }

    /// Settings of the cluster.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    struct Options {
        /// The cluster's scheduler.
        scheduler: Option<Scheduler>,
        /// Release to compare with: `3.11.1`, or `3.11`, `3` or `3.9-3.11` for the newest of these [default: 2.4.1].
        pcluster_version: Option<String>,
        /// Features that the cluster has; `no-NAME` turns off what clusters have by default, `none` says that it has no
        /// other.
        features: Option<OneOrMany>,
        /// Region of the cluster, or `*` for every Region [default: inferred from the policies].
        region: Option<String>,
        /// Account of the cluster, or `*` for every account [default: inferred from the policies].
        account: Option<String>,
        /// Partition [default: that of the Region].
        partition: Option<String>,
        /// Name of the cluster, or of several clusters that the role is for [default: inferred from the policies].
        cluster_name: Option<OneOrMany>,
        /// Values of other placeholders of the reference by name.
        bindings: Option<BTreeMap<String, String>>,
        /// Condition keys that all requests have, and their values.
        context: Option<BTreeMap<String, ContextValue>>,
        /// The cluster's configuration, relative to this file.
        cluster_config: Option<String>,
        /// The permissions boundary, relative to this file.
        boundary: Option<String>,
        /// Service control policies: the files of each level, relative to this one.
        scps: Option<Vec<OneOrMany>>,
        /// ARNs of AWS managed policies that the role has besides.
        attached: Option<OneOrMany>,
    }

    /// One role and the policies attached to it.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case", deny_unknown_fields)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    struct Target {
        /// The name in reports.
        name: String,
        /// The role that the policies are for, such as `head-node`; `auto` for the one that fits best [default: auto].
        role: Option<String>,
        /// A policy to compare with instead of a role, relative to this file.
        reference: Option<String>,
        /// Its policies: files and patterns, relative to this file.
        policies: OneOrMany,
        /// The roles of a template to judge, by logical id, name or pattern [default: all that resemble a role of ParallelCluster].
        select: Option<OneOrMany>,
        #[schemars(flatten)]
        options: Options,
    }

    /// Accepts the findings that all the given fields match.
    #[derive(JsonSchema)]
    #[schemars(
        rename_all = "kebab-case",
        deny_unknown_fields,
        extend("anyOf" = some_field())
    )]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    struct Ignore {
        /// Id of a lint.
        lint: Option<Ignorable>,
        /// Pattern of paths, relative to this file.
        path: Option<String>,
        /// `Sid` of the statement at the finding's place.
        sid: Option<String>,
        /// `Sid` of the statement of the reference.
        reference_sid: Option<String>,
        /// IAM pattern of what the finding is about, such as `s3:*`.
        subject: Option<String>,
        /// Why it is accepted.
        reason: String,
        /// The last day on which it counts: `2027-01-31`, with or without quotes.
        until: Option<Day>,
    }

    /// Permissions that are granted on purpose, though ParallelCluster does not need them.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case", deny_unknown_fields)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    struct Keep {
        /// IAM patterns of actions, such as `s3:PutObject`.
        actions: OneOrMany,
        /// IAM patterns of ARNs, such as `arn:aws:s3:::results/*`.
        resources: OneOrMany,
        /// Why.
        reason: String,
        /// The last day on which it counts: `2027-01-31`, with or without quotes.
        until: Option<Day>,
    }

    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    enum FailOn {
        Error,
        Warning,
        Note,
        Never,
    }

    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    enum Level {
        Error,
        Warning,
        Note,
        Off,
    }

    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    enum ContextScalar {
        Text(String),
        Number(i64),
        Truth(bool),
    }

    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "describes the file, and is never made")]
    enum ContextValue {
        One(ContextScalar),
        Many(Vec<ContextScalar>),
    }

    /// A type whose schema is written here.
    macro_rules! described {
        ($name:ident, $schema:expr) => {
            struct $name;

            impl JsonSchema for $name {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    ($schema as fn(&mut SchemaGenerator) -> Schema)(generator)
                }
            }
        };
    }

    described!(
        Scheduler,
        |_| json_schema!({ "type": "string", "enum": reference::schedulers() })
    );

    described!(
        Ignorable,
        |_| json_schema!({ "type": "string", "enum": changeable() })
    );

    // For a JSON Schema, dates of TOML are strings.
    described!(
        Day,
        |_| json_schema!({ "type": "string", "format": "date" })
    );

    /// An ignore without any of these would hide everything.
    fn some_field() -> Value {
        let fields = FIELDS.iter();
        fields.map(|field| json!({ "required": [field] })).collect()
    }

    described!(Levels, |generator| {
        let level = generator.subschema_for::<Level>().to_value();
        let ids = changeable().into_iter();
        let properties: Map<String, Value> = ids.map(|id| (id.to_owned(), level.clone())).collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    });

    fn changeable() -> Vec<&'static str> {
        let ids = lints::ALL.iter().map(|lint| lint.id);
        ids.filter(|id| !FIXED.contains(id)).collect()
    }

    /// TOML has no null: absent values are left out.
    fn without_null(value: &mut Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::Array(types)) = object.get_mut("type") {
                    types.retain(|t| t != "null");
                    if let [one] = &types[..] {
                        let one = one.clone();
                        object.insert("type".to_owned(), one);
                    }
                }
                if let Some(Value::Array(any)) = object.get_mut("anyOf") {
                    any.retain(|schema| *schema != json!({"type": "null"}));
                }
                object.values_mut().for_each(without_null);
            }
            Value::Array(items) => items.iter_mut().for_each(without_null),
            _ => {}
        }
    }

    /// `PCLUSTER_IAM_WRITE_SCHEMA=1` writes the file anew.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let settings = SchemaSettings::draft2020_12();
        let schema = settings.into_generator().into_root_schema_for::<Document>();
        let mut schema = schema.to_value();
        without_null(&mut schema);
        schema["title"] = "pcluster-iam.toml".into();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("PCLUSTER_IAM_WRITE_SCHEMA").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/schema/config.json");
            std::fs::write(path, &text).unwrap();
        } else {
            assert_eq!(SCHEMA, text);
        }
    }

    #[test]
    fn it_has_the_keys_that_are_read() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let keys = |value: &Value| -> Vec<String> {
            let properties = value["properties"].as_object().unwrap();
            let mut keys: Vec<String> = properties.keys().cloned().collect();
            keys.sort();
            keys
        };
        let expect = |lists: &[&[&str]]| {
            let mut all: Vec<String> = lists.concat().iter().map(|k| (*k).to_owned()).collect();
            all.sort();
            all
        };
        assert_eq!(keys(&schema), expect(&[&TOP, &OPTIONS]));
        assert_eq!(
            keys(&schema["$defs"]["Target"]),
            expect(&[&TARGET, &OPTIONS])
        );
        assert_eq!(keys(&schema["$defs"]["Ignore"]), expect(&[&IGNORE]));
        assert_eq!(keys(&schema["$defs"]["Keep"]), expect(&[&KEEP]));
    }

    /// A key that were listed and not read would take any value.
    #[test]
    fn every_key_is_read() {
        let complains = |text: String| {
            let source = Source::new("pcluster-iam.toml", text);
            let problems = config::read(&source).expect_err(source.text());
            assert!(
                problems
                    .iter()
                    .any(|p| p.message.contains(" must be ") || p.message.contains("is not a day")),
                "{}: {problems:?}",
                source.text()
            );
        };
        for key in TOP.iter().chain(&OPTIONS) {
            complains(format!("{key} = 1979-05-27T07:32:00Z\n"));
        }
        for key in TARGET.iter().chain(&OPTIONS) {
            complains(format!("[[target]]\n{key} = 1979-05-27T07:32:00Z\n"));
        }
        for key in IGNORE {
            complains(format!("[[ignore]]\n{key} = 1979-05-27T07:32:00Z\n"));
        }
        for key in KEEP {
            complains(format!("[[keep]]\n{key} = 1979-05-27T07:32:00Z\n"));
        }
    }
}
