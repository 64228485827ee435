//! Folders of code, and the modules that they call.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;

use super::evaluate::Machine;
use super::facts;
use super::hcl::{self, Fault};
use super::json_code;
use super::provider;
use super::surroundings::{Code, Module, Scope};
use super::syntax_tree::{Attribute, Block, Body, Expression, Node as Syntax, Part};
use super::value::{Each, Placed};
use super::value::{Place, Value};
use crate::nearest::nearest_word;
use crate::parser::{SourceId, Span, shorten};

/// How many modules may call one another in a row.
const DEEPEST: usize = 8;
/// How the names of files with code in JSON end, as Terraform compares them: small letters only.
const JSON: &str = ".json";
/// The most modules of a run.
const MOST: usize = 2000;

const NO_SOURCE: &str = "write the source as a text, as Terraform requires";
const NO_CODE: &str = "correct the file, or remove it from the folder";

impl Machine<'_> {
    /// Reads the outermost module, with its files of values and what the command line gives.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be read.
    pub(super) fn open_root(
        &mut self,
        values: &[PathBuf],
        given: &[(String, String)],
    ) -> Result<(), String> {
        let folder = self.files.folder().to_path_buf();
        let (code, automatic) = self.load(&folder)?;
        self.modules.push(Module {
            address: String::new(),
            code,
            caller: None,
            each: Each::default(),
            given: IndexMap::default(),
            depth: 0,
        });
        for path in &automatic {
            let read = { self.files.named(path) }.and_then(|real| self.files.read(&real));
            self.values(path, read);
        }
        for path in values {
            let read = self.files.read_given(path);
            self.values(path, read);
        }
        for (name, text) in given {
            self.give(name, text);
        }
        Ok(())
    }

    /// The code of a folder, and its files of values.
    fn load(&mut self, folder: &Path) -> Result<(Rc<Code>, Vec<PathBuf>), String> {
        let paths = self.files.code(folder)?;
        let (code, mut values): (Vec<_>, Vec<_>) =
            { paths.into_iter() }.partition(|p| !p.to_string_lossy().contains(".tfvars"));
        // The last one that Terraform reads wins.
        values.sort_by_key(|p| p.to_string_lossy().contains(".auto.tfvars"));
        if let Some(known) = self.codes.get(folder) {
            return Ok((Rc::clone(known), values));
        }
        if code.is_empty() {
            return Err("the folder has no `.tf` files".to_owned());
        }
        let mut read = Code {
            folder: folder.to_path_buf(),
            ..Code::default()
        };
        // A folder without files of Terraform is for OpenTofu alone.
        let is_of_tofu = { code.iter() }.all(|path| super::is_of_tofu(&path.to_string_lossy()));
        for path in code {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            if super::is_of_tofu(&name) && !is_of_tofu {
                let place = Place {
                    source: self.files.unread(&path),
                    span: Span::default(),
                };
                let message =
                    "only OpenTofu reads this file, so it was not read beside `.tf` files";
                self.unread(place, message, "write it as a `.tf` file");
                read.is_partial = true;
                continue;
            }
            let source = { self.files.named(&path) }.and_then(|real| self.files.read(&real));
            let source = match source {
                Ok(source) => source,
                Err(reason) => {
                    let source = self.files.unread(&path);
                    let place = Place {
                        source,
                        span: Span::default(),
                    };
                    let message = format!("cannot read the file: {reason}");
                    self.unread(place, message, NO_CODE);
                    read.is_partial = true;
                    continue;
                }
            };
            let stem = name.trim_end_matches(".json");
            let stem = stem.trim_end_matches(".tf").trim_end_matches(".tofu");
            if stem == "override" || stem.ends_with("_override") {
                let place = Place {
                    source,
                    span: Span::default(),
                };
                let message = "a file that overrides others is not read";
                self.unread(
                    place,
                    message,
                    "write what it says into the files that it overrides",
                );
                read.is_partial = true;
                continue;
            }
            let text = self.files.sources.get(source).text();
            let body = if name.ends_with(JSON) {
                json_code::body(text)
            } else {
                hcl::body(text)
            };
            match body {
                Ok(body) => self.sort(source, body, &mut read),
                Err(fault) => {
                    self.fault(source, &fault, "the file");
                    read.is_partial = true;
                }
            }
        }
        let code = Rc::new(read);
        self.codes.insert(folder.to_path_buf(), Rc::clone(&code));
        Ok((code, values))
    }

    fn fault(&mut self, source: SourceId, fault: &Fault, what: &str) {
        let span = fault.span;
        let message = format!("{what} is not Terraform code: {}", fault.message);
        self.unread(Place { source, span }, message, NO_CODE);
    }

    /// Puts the blocks of a file where they are looked up.
    fn sort(&mut self, source: SourceId, body: Body, code: &mut Code) {
        for attribute in body.attributes {
            let span = attribute.name_span;
            let name = shorten(&attribute.name);
            let message = format!("`{name}` is an argument outside of a block");
            let help = "write it in a block: Terraform refuses the file";
            self.unread(Place { source, span }, message, help);
        }
        for block in body.blocks {
            let span = block.name_span();
            let labels = block.labels.iter().map(|(l, _)| l.as_str());
            let labels = labels.collect::<Vec<_>>().join(".");
            let key = match block.kind.as_str() {
                "data" => format!("data.{labels}"),
                "provider" => provider::name(&block),
                _ => labels,
            };
            if block.kind == "locals" {
                for Attribute {
                    name,
                    value,
                    name_span,
                } in block.body.attributes
                {
                    let local = Rc::new(Placed { source, it: value });
                    if code.locals.insert(name.clone(), local).is_some() {
                        let place = Place {
                            source,
                            span: name_span,
                        };
                        self.twice(&format!("local.{name}"), place);
                    }
                }
                continue;
            }
            let all = match block.kind.as_str() {
                "resource" | "data" => &mut code.resources,
                "variable" => &mut code.variables,
                "module" => &mut code.modules,
                "output" => &mut code.outputs,
                "provider" => &mut code.providers,
                "terraform" => {
                    code.passed.extend(provider::passed(&block.body));
                    continue;
                }
                kind if facts::blocks().any(|b| b == kind) => continue,
                kind => {
                    self.no_block(
                        kind,
                        Place {
                            source,
                            span: block.header,
                        },
                    );
                    continue;
                }
            };
            let kind = block.kind.clone();
            let block = Rc::new(Placed { source, it: block });
            if all.insert(key.clone(), block).is_some() {
                self.twice(&format!("{kind} {key}"), Place { source, span });
            }
        }
    }

    /// Reports a block of a kind that there is not.
    fn no_block(&mut self, kind: &str, place: Place) {
        let meant = nearest_word(kind, facts::blocks(), 2);
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`? Terraform refuses the block"),
            None => "remove it, or correct its name: Terraform refuses the block".to_owned(),
        };
        let message = format!("`{}` is not a kind of block", shorten(kind));
        self.unread(place, message, &help);
    }

    fn twice(&mut self, what: &str, place: Place) {
        self.unread(
            place,
            format!("`{what}` is defined twice"),
            "remove one of them: Terraform refuses both",
        );
    }

    /// Reads a file of values of variables.
    fn values(&mut self, path: &Path, read: Result<SourceId, String>) {
        let source = match read {
            Ok(source) => source,
            Err(reason) => {
                let source = self.files.unread(path);
                let place = Place {
                    source,
                    span: Span::default(),
                };
                self.unread(
                    place,
                    format!("cannot read the file: {reason}"),
                    "check the path",
                );
                return;
            }
        };
        let text = self.files.sources.get(source).text();
        let read = if path.to_string_lossy().ends_with(".json") {
            json_code::values(text)
        } else {
            hcl::body(text).map(|body| body.attributes)
        };
        match read {
            Ok(attributes) => {
                for attribute in attributes {
                    let of = Placed {
                        source,
                        it: attribute.value,
                    };
                    let value = self.at_module(0, &of);
                    if let Some(root) = self.modules.first_mut() {
                        root.given.insert(attribute.name, value);
                    }
                }
            }
            Err(fault) => self.fault(source, &fault, "the file of values"),
        }
    }

    /// Gives a variable the value of the command line: a text, or an expression where the variable is none.
    pub(super) fn give(&mut self, name: &str, text: &str) {
        let source = crate::parser::Source::new(format!("--parameter {name}"), text);
        let source = self.files.sources.add(source);
        let place = Place {
            source,
            span: Span::new(0, text.len()),
        };
        let variable = self.modules.first().and_then(|m| {
            let block = m.code.variables.get(name)?;
            block.it.body.get("type").cloned()
        });
        let is_text = match variable.map(|of| of.node) {
            None => true,
            // A list of a variable of any type is written as an expression.
            Some(Syntax::Name(name)) => {
                name == "string" || name == "any" && !text.starts_with(['[', '{'])
            }
            Some(_) => false,
        };
        let value = if is_text {
            Some(Value::bound(text, place))
        } else {
            let code = format!("x = {text}\n");
            hcl::body(&code).ok().and_then(|body| {
                let it = body.attributes.into_iter().next()?.value;
                Some(self.at_module(0, &Placed { source, it }).bound_at(place))
            })
        };
        let value = value.unwrap_or_else(|| Value::bound(text, place));
        if let Some(root) = self.modules.first_mut() {
            root.given.insert(name.to_owned(), value);
        }
    }

    /// The modules that a call makes; `None` where its code is elsewhere.
    pub(super) fn called(
        &mut self,
        caller: usize,
        block: &Rc<Placed<Block>>,
    ) -> Option<Vec<usize>> {
        let name = block.it.label(0)?.to_owned();
        let depth = self.modules.get(caller)?.depth + 1;
        let known = self.modules.iter().enumerate().filter(|(_, m)| {
            let of = m.caller.as_ref();
            of.is_some_and(|(by, call)| *by == caller && Rc::ptr_eq(call, block))
        });
        let known: Vec<usize> = known.map(|(at, _)| at).collect();
        if !known.is_empty() {
            return Some(known);
        }
        let Some(source) = block.it.body.get("source") else {
            let place = Place {
                source: block.source,
                span: block.it.name_span(),
            };
            self.unread(
                place,
                format!("the module `{name}` has no source"),
                NO_SOURCE,
            );
            return None;
        };
        let place = Place {
            source: block.source,
            span: source.span,
        };
        let Some(from) = literal(source) else {
            let message = format!("the source of the module `{name}` is not a text");
            self.unread(place, message, NO_SOURCE);
            return None;
        };
        if !(from.starts_with("./") || from.starts_with("../")) {
            self.elsewhere.insert(format!("{name} ({from})"));
            return None;
        }
        if depth > DEEPEST {
            self.unread(
                place,
                format!("the modules call one another more than {DEEPEST} deep"),
                "give the folder of the inner module",
            );
            return None;
        }
        let folder = self.modules.get(caller)?.code.folder.clone();
        let code = { self.files.resolve(&folder, &from) }
            .and_then(|folder| self.load(&folder).map(|(code, _)| code));
        let code = match code {
            Ok(code) => code,
            Err(reason) => {
                let message = format!("cannot read the module `{from}`: {reason}");
                self.unread(place, message, "check the path of the module");
                return None;
            }
        };
        if self.calls_itself(caller, &code) {
            self.unread(
                place,
                format!("the module `{from}` calls itself"),
                "remove the call: Terraform cannot install such a module",
            );
            return None;
        }
        self.require_arguments(&name, block, &code);
        let repeated = self.repeated(caller, block);
        let within = self.modules.get(caller)?.address.clone();
        let within = if within.is_empty() {
            format!("module.{name}")
        } else {
            format!("{within}.module.{name}")
        };
        let mut made = Vec::new();
        for (suffix, each) in repeated {
            if self.modules.len() >= MOST {
                self.unread(
                    place,
                    format!("there are over {MOST} modules"),
                    "split the module",
                );
                break;
            }
            made.push(self.modules.len());
            self.modules.push(Module {
                address: format!("{within}{suffix}"),
                code: Rc::clone(&code),
                caller: Some((caller, Rc::clone(block))),
                each,
                given: IndexMap::default(),
                depth,
            });
        }
        Some(made)
    }

    /// Reports the variables of a module that have no default and that its call does not set: only those of the
    /// outermost module may come from elsewhere. And the arguments of the call that are no variables of the module.
    fn require_arguments(&mut self, name: &str, call: &Placed<Block>, code: &Code) {
        let meta = facts::accepts("module").map_or(&[][..], |a| a.arguments.as_slice());
        let is_known = |n: &String| meta.contains(n) || code.variables.contains_key(n);
        let given = call.it.body.attributes.iter();
        for argument in given.filter(|a| !code.is_partial && !is_known(&a.name)) {
            let (source, span) = (call.source, argument.name_span);
            let known = code.variables.keys().map(String::as_str);
            let help = match nearest_word(&argument.name, known, 2) {
                Some(meant) => format!("did you mean `{meant}`? Terraform refuses the argument"),
                None => "remove it, or add the variable: Terraform refuses the argument".to_owned(),
            };
            let argument = shorten(&argument.name);
            let message = format!("the module `{name}` has no variable `{argument}`");
            self.unread(Place { source, span }, message, &help);
        }
        for (variable, declared) in &code.variables {
            let is_set = |body: &Body, name: &str| body.attribute(name).is_some();
            if is_set(&declared.it.body, "default") || is_set(&call.it.body, variable) {
                continue;
            }
            let place = Place {
                source: call.source,
                span: call.it.name_span(),
            };
            let message = format!(
                "the module `{name}` does not get `{variable}`, a variable without a default"
            );
            let help = "set it in the `module` block: Terraform refuses the call without it";
            self.unread(place, message, help);
        }
    }

    /// Whether a module has the code of `caller` or of a module that it is called from.
    fn calls_itself(&self, caller: usize, code: &Code) -> bool {
        let mut next = Some(caller);
        while let Some(module) = next.and_then(|at| self.modules.get(at)) {
            if module.code.folder == code.folder {
                return true;
            }
            next = module.caller.as_ref().map(|(by, _)| *by);
        }
        false
    }

    /// Opens every module that is called, so that the resources of all of them are known.
    pub(super) fn open_all(&mut self) {
        let mut next = 0;
        while next < self.modules.len() && !self.is_exhausted {
            let code = self.modules.get(next).map(|m| Rc::clone(&m.code));
            for block in code.iter().flat_map(|c| c.modules.values()) {
                self.called(next, block);
            }
            next += 1;
        }
    }

    /// The scope of a block.
    pub(super) fn scope(module: usize, source: SourceId, each: &Each) -> Scope<'_> {
        Scope {
            module,
            source,
            each,
            frame: None,
            is_template: false,
        }
    }
}

/// The text of an expression that is written out.
fn literal(of: &Expression) -> Option<String> {
    match &of.node {
        Syntax::Template(parts) => match parts.as_slice() {
            [Part::Literal(literal)] => Some(literal.text.clone()),
            _ => None,
        },
        _ => None,
    }
}
