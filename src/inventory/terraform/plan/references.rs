//! The resources that the configuration of a plan names, for arguments that the plan does not know yet.

use rustc_hash::FxHashMap;

use super::json::{elements, member, members, word};
use super::today::without_keys;
use super::unknown::hole;
use super::{DEEPEST, Planned};
use crate::inventory::json_text::Json;
use crate::inventory::terraform::facts;
use crate::inventory::terraform::principals::shape::{SHAPES, What};
use crate::inventory::terraform::syntax_tree::{Expression, Node as Syntax, Step};
use crate::parser::Span;

/// Arguments that are one name or ARN.
const SINGLE: [&str; 8] = [
    "role",
    "role_name",
    "user",
    "user_name",
    "group",
    "group_name",
    "policy_arn",
    "permissions_boundary",
];
/// Arguments that attach policies.
const ATTACHING: [&str; 3] = ["policy_arn", "policy_arns", "managed_policy_arns"];
/// The most references that are followed for one argument.
const MOST: usize = 200;
/// The most policies that an unknown ARN may stand for.
const MOST_UNKNOWN: usize = 20;

/// The configuration of a plan.
#[derive(Default)]
pub(super) struct Configuration<'j> {
    /// Resources by their addresses without keys.
    resources: FxHashMap<String, &'j Json>,
    /// Modules and their calls, by `module.a.module.b.`; the outermost is the empty text.
    modules: FxHashMap<String, &'j Json>,
    calls: FxHashMap<String, &'j Json>,
}

impl<'j> Configuration<'j> {
    pub(super) fn of(json: &'j Json) -> Self {
        let mut all = Configuration::default();
        let root = member(json, "configuration").and_then(|c| member(c, "root_module"));
        if let Some(root) = root {
            all.add(root, "", 0);
        }
        all
    }

    fn add(&mut self, module: &'j Json, address: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        self.modules.insert(address.to_owned(), module);
        for resource in member(module, "resources")
            .map(elements)
            .unwrap_or_default()
        {
            if let Some(own) = member(resource, "address").and_then(word) {
                self.resources.insert(format!("{address}{own}"), resource);
            }
        }
        for (name, call) in member(module, "module_calls")
            .map(members)
            .unwrap_or_default()
        {
            if let (Some(name), Some(inner)) = (word(name), member(call, "module")) {
                let inside = format!("{address}module.{name}.");
                self.calls.insert(inside.clone(), call);
                self.add(inner, &inside, depth + 1);
            }
        }
    }

    /// The expressions of a resource, by its address without keys.
    fn expressions(&self, address: &str) -> Option<&'j Json> {
        member(self.resources.get(address)?, "expressions")
    }

    /// The type of a resource that contains what the plan has in an argument which the code does not set.
    pub(super) fn unset(&self, of: &Planned<'_>, argument: &str) -> Option<&'static str> {
        let kind = facts::computed(&of.kind, argument)?;
        let set = self.expressions(&of.configured_as())?;
        member(set, argument).is_none().then_some(kind)
    }

    /// The resources that an argument refers to, as an expression; `None` where it refers to none.
    pub(super) fn argument(
        &self,
        from: &Planned<'_>,
        argument: &str,
        planned: &[Planned<'_>],
        at: Span,
    ) -> Option<Expression> {
        let resource = self.resources.get(&from.configured_as())?;
        let of = member(resource, "expressions").and_then(|of| member(of, argument))?;
        let own = from.address.strip_prefix(&from.module)?;
        let mut search = Search {
            configuration: self,
            planned,
            argument,
            found: Vec::new(),
            is_open: false,
            steps: 0,
        };
        let scope = Scope {
            module: &from.module,
            key: own.strip_prefix(&from.name).unwrap_or_default(),
            repeated: Some(resource),
        };
        search.references(of, &scope, false, 0);
        let mut is_open = search.is_open;
        let mut found = search.found;
        if found.is_empty() && is_open && ATTACHING.contains(&argument) {
            // It may be any policy that the plan makes.
            let policies = { planned.iter() }.filter(|p| is_fit(&p.kind, argument));
            found = policies.map(|p| (p.address.clone(), "arn")).collect();
            found.truncate(MOST_UNKNOWN);
        } else {
            is_open = false;
        }
        let mut all = { found.iter() }
            .map(|(address, attribute)| reference(address, attribute, planned, from.place))
            .collect::<Vec<_>>();
        if is_open || SINGLE.contains(&argument) {
            // One of them.
            let last = if is_open { Some(hole(at)) } else { all.pop() };
            return all.into_iter().rev().fold(last, |rest, one| {
                let parts = Box::new([hole(at), one, rest?]);
                let node = Syntax::Conditional(parts);
                Some(Expression { node, span: at })
            });
        }
        let node = Syntax::Tuple(all);
        (!found.is_empty()).then_some(Expression { node, span: at })
    }
}

/// A reference to an attribute of a resource of the plan.
fn reference(address: &str, attribute: &str, planned: &[Planned<'_>], at: Span) -> Expression {
    let kind = planned.iter().find(|p| p.address == address);
    let kind = kind.map(|p| p.kind.clone()).unwrap_or_default();
    let steps = vec![
        Step::Attribute(address.to_owned()),
        Step::Attribute(attribute.to_owned()),
    ];
    let base = Expression {
        node: Syntax::Name(kind),
        span: at,
    };
    Expression {
        node: Syntax::Traversal(Box::new(base), steps),
        span: at,
    }
}

/// Whether a resource of a type is what an argument is for.
fn is_fit(kind: &str, argument: &str) -> bool {
    let what = SHAPES.iter().find(|s| s.kind == kind).map(|s| s.what);
    let is_policy = ATTACHING.contains(&argument) || argument == "permissions_boundary";
    match what {
        Some(What::Managed) => is_policy,
        Some(What::Principal(kind)) => !is_policy && argument.starts_with(kind.name()),
        _ => false,
    }
}

/// The surroundings of an expression of the configuration.
#[derive(Clone, Copy)]
struct Scope<'s> {
    /// The address of the module, with keys and a dot behind it.
    module: &'s str,
    /// The key of the instance: `["a"]`.
    key: &'s str,
    /// The resource or the call that has `for_each`.
    repeated: Option<&'s Json>,
}

struct Search<'s, 'j> {
    configuration: &'s Configuration<'j>,
    planned: &'s [Planned<'j>],
    argument: &'s str,
    /// Addresses of resources, each with an attribute.
    found: Vec<(String, &'s str)>,
    /// Whether something in it is not known.
    is_open: bool,
    steps: usize,
}

impl<'s, 'j: 's> Search<'s, 'j> {
    /// Follows the references of an expression. `is_keyed` says that each instance takes what has its own key.
    fn references(&mut self, of: &'s Json, scope: &Scope<'s>, is_keyed: bool, depth: usize) {
        let all = member(of, "references").map(elements).unwrap_or_default();
        let all: Vec<&str> = all.iter().filter_map(word).collect();
        let by_key = |text: &&str| text.starts_with("each.") || text.starts_with("count.");
        let is_keyed = is_keyed || all.iter().any(by_key);
        for (at, text) in all.iter().enumerate() {
            self.steps += 1;
            if self.steps > MOST || depth > DEEPEST {
                self.is_open = true;
                return;
            }
            // A reference comes before what it begins with: `aws_iam_role.node.name`, then `aws_iam_role.node`.
            let longer = { all.iter().take(at) }.filter_map(|other| other.strip_prefix(text));
            if { longer }.any(|rest| rest.starts_with(['.', '['])) {
                continue;
            }
            let parts = parts(text);
            let part = |at: usize| parts.get(at).copied();
            match (parts.first().map_or("", |(name, _)| name), part(1)) {
                ("each", Some(("value", _))) => {
                    let over = scope
                        .repeated
                        .and_then(|r| member(r, "for_each_expression"));
                    if let Some(over) = over {
                        let scope = Scope {
                            repeated: None,
                            ..*scope
                        };
                        self.references(over, &scope, true, depth + 1);
                    }
                    self.is_open = true;
                }
                ("var", Some((name, _))) => self.variable(name, scope, depth),
                ("module", Some((name, key))) => {
                    let key = if key.is_empty() && is_keyed {
                        scope.key
                    } else {
                        key
                    };
                    let output = part(2).map(|(output, _)| output);
                    self.output(name, key, output, scope, depth);
                }
                ("each" | "count" | "data" | "path" | "terraform" | "self", _) => {}
                (kind, Some((name, key))) if kind != "local" => {
                    let attribute = parts.last().filter(|_| parts.len() > 2);
                    let name = format!("{kind}.{name}");
                    let key = (key, if is_keyed { scope.key } else { "" });
                    self.resource(&name, key, attribute.map(|(name, _)| *name), scope.module);
                }
                _ => self.is_open = true,
            }
        }
    }

    /// Adds the instances of a resource: the one of the key that is written, else of the key of the instance, else all.
    fn resource(
        &mut self,
        name: &str,
        (written, own): (&str, &str),
        attribute: Option<&'s str>,
        module: &str,
    ) {
        let same = { self.planned.iter() }.filter(|p| p.module == module && p.name == name);
        let same: Vec<&Planned<'_>> = same.collect();
        let of_key = |key: &str| {
            let address = format!("{module}{name}{key}");
            { same.iter() }.find(|p| !key.is_empty() && p.address == address)
        };
        let chosen = match of_key(written).or_else(|| of_key(own)) {
            Some(one) => vec![*one],
            None => same.clone(),
        };
        for one in chosen {
            let is_policy = is_fit("aws_iam_policy", self.argument);
            let attribute = match attribute {
                Some(attribute) => attribute,
                None if !is_fit(&one.kind, self.argument) => continue,
                None if is_policy => "arn",
                None => "id",
            };
            if self.found.iter().all(|(known, _)| *known != one.address) {
                self.found.push((one.address.clone(), attribute));
            }
        }
    }

    /// Follows an output of a module, or all policies of the module where the output is not known.
    fn output(
        &mut self,
        name: &str,
        key: &str,
        output: Option<&str>,
        scope: &Scope<'s>,
        depth: usize,
    ) {
        let base = format!("{}module.{name}", scope.module);
        let inside = format!("{}.", without_keys(&base));
        let code = self.configuration.modules.get(&inside).copied();
        let outputs = code.and_then(|code| member(code, "outputs"));
        let of = output.and_then(|output| member(outputs?, output));
        let of = of.and_then(|of| member(of, "expression"));
        let mut instances: Vec<&'s str> = Vec::new();
        for planned in self.planned {
            let module: &'s str = &planned.module;
            let end = { module.strip_prefix(&base) }.and_then(|rest| match rest.chars().next() {
                Some('.') => Some(1),
                Some('[') => rest.find("].").map(|at| at + 2),
                _ => None,
            });
            let instance = end.and_then(|end| module.get(..base.len() + end));
            instances.extend(instance.filter(|i| !instances.contains(i)));
        }
        let of_key = format!("{base}{key}.");
        if let Some(one) = instances.iter().find(|i| **i == of_key).copied() {
            instances = vec![one];
        }
        for module in instances {
            let scope = Scope {
                module,
                key: "",
                repeated: None,
            };
            if let Some(of) = of {
                self.references(of, &scope, false, depth + 1);
            } else {
                self.is_open = true;
            }
        }
        self.is_open |= of.is_none();
    }

    /// Follows the argument of the call of a module.
    fn variable(&mut self, name: &str, scope: &Scope<'s>, depth: usize) {
        let call = self.configuration.calls.get(&without_keys(scope.module));
        let set = call.and_then(|call| member(call, "expressions"));
        let of = set.and_then(|set| member(set, name));
        let inner = parts(scope.module.trim_end_matches('.'));
        let (Some(of), Some((name, key))) = (of, inner.last()) else {
            self.is_open = true;
            return;
        };
        let own = format!("module.{name}{key}.");
        let outer = scope.module.strip_suffix(&own).unwrap_or_default();
        let scope = Scope {
            module: outer,
            key,
            repeated: call.copied(),
        };
        self.references(of, &scope, false, depth + 1);
    }
}

/// The words of an address, each with the keys behind it: `module.a["x"].b` is `module`, `a` with `["x"]`, and `b`.
fn parts(address: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let mut rest = address;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (mut is_text, mut is_escaped, mut depth) = (false, false, 0_usize);
        let end = behind.char_indices().find(|(_, c)| {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_text => is_escaped = true,
                '"' => is_text = !is_text,
                '[' if !is_text => depth += 1,
                ']' if !is_text => depth = depth.saturating_sub(1),
                '.' if !is_text && depth == 0 => return true,
                _ => {}
            }
            false
        });
        let end = end.map_or(behind.len(), |(at, _)| at);
        let (key, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
        all.push((name, key));
        rest = behind.strip_prefix('.').unwrap_or_default();
    }
    all
}
