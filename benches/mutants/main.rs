//! Writes a copy of the crate that contains all mutants of some of its files, each off until the environment variable
//! `PCLUSTER_IAM_MUTANT` has its number. One build of the copy serves all of them; `run.py` builds and tests it.
//!
//! ```text
//! mutants CRATE COPY LIST [WITHOUT]
//! ```
//!
//! `LIST` is the file to write: a line of JSON for each mutant. `WITHOUT` is a file with the numbers of mutants to leave
//! out, one a line: those that do not compile. The numbers of the others stay the same.
//!
//! A mutant is one of these:
//!
//! | kind | change |
//! | --- | --- |
//! | `body` | a function returns a value of its type at once (`values` lists them), or nothing |
//! | `binary` | another operator: `!=` for `==`, `\|\|` for `&&`, `<=` for `<` |
//! | `unary` | an expression without its `!` or `-` |
//! | `guard` | the guard of a match arm is always true, or always false |
//! | `arm` | a match arm is left out, where an arm that matches everything follows |
//!
//! An expression `a == b` becomes `if on(7) { a != b } else { a == b }`, where only the last branch contains other
//! mutants: one at a time is on. What must be constant, and what is written inside a macro, has no mutants.

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use proc_macro2::{Literal, Span};
use quote::{ToTokens, quote};
use serde_json::json;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr, Pat, ReturnType, Stmt, Type, parse_quote};

/// The modules whose code is mutated.
const MODULES: [&str; 3] = ["matcher", "diff", "lints"];
/// What of the crate is not copied.
const LEFT_OUT: [&str; 3] = ["target", ".git", ".cache"];
/// Tests start the program without any variable. It needs those that turn a mutant on.
const CLEARED: &str = r#".env_clear().envs(
    std::env::vars().filter(|(name, _)| matches!(&**name, "PCLUSTER_IAM_MUTANT" | "PCLUSTER_IAM_REACHED")),
)"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [krate, copy, list, without @ ..] = &arguments[..] else {
        return Err("usage: mutants CRATE COPY LIST [WITHOUT]".into());
    };
    let without = match without {
        [path, ..] => fs::read_to_string(path)?,
        [] => String::new(),
    };
    let mut mutator = Mutator {
        list: File::create(list)?,
        without: without.lines().map(str::parse).collect::<Result<_, _>>()?,
        count: 0,
        file: String::new(),
        owner: String::new(),
        function: String::new(),
    };
    copy_folder(krate, copy, Path::new(""), &mut mutator)?;
    add_switch(copy, mutator.count)?;
    println!("{} mutants", mutator.count);
    Ok(())
}

/// Copies a folder of the crate. A file that is as it should be is not written, so that Cargo does not build it anew.
fn copy_folder(
    krate: &Path,
    copy: &Path,
    folder: &Path,
    mutator: &mut Mutator,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(copy.join(folder))?;
    let mut entries = fs::read_dir(krate.join(folder))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let path = folder.join(&name);
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(krate, copy, &path, mutator)?;
        } else if is_mutated(&path) {
            let text = mutator.file(&path, &fs::read_to_string(entry.path())?)?;
            write(&copy.join(&path), text.as_bytes())?;
        } else if path == Path::new("Cargo.toml") {
            let text = without_lints(&fs::read_to_string(entry.path())?);
            write(&copy.join(&path), text.as_bytes())?;
        } else if path.starts_with("tests") && path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(entry.path())?.replace(".env_clear()", CLEARED);
            write(&copy.join(&path), text.as_bytes())?;
        } else if path != Path::new("src/lib.rs") {
            write(&copy.join(&path), &fs::read(entry.path())?)?;
            fs::set_permissions(copy.join(&path), entry.metadata()?.permissions())?;
        } else {
            let text = fs::read_to_string(entry.path())?;
            let text = format!("#![allow(warnings)]\n{text}\npub mod mutant;\n");
            write(&copy.join(&path), text.as_bytes())?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text)
}

fn is_mutated(path: &Path) -> bool {
    let is_module = |module: &&str| {
        path.starts_with(Path::new("src").join(module))
            || path == Path::new("src").join(format!("{module}.rs"))
    };
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    is_rust && !path.ends_with("tests.rs") && MODULES.iter().any(|module| is_module(&module))
}

/// The manifest without its `[lints]`: a mutant need not be tidy.
fn without_lints(manifest: &str) -> String {
    let mut is_kept = true;
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = !line.starts_with("[lints");
        }
        if is_kept {
            text += line;
            text += "\n";
        }
    }
    text
}

fn add_switch(copy: &Path, count: u32) -> std::io::Result<()> {
    let switch = include_str!("switch.rs");
    let text = format!("{switch}\nconst COUNT: u32 = {};\n", count + 1);
    write(&copy.join("src/mutant.rs"), text.as_bytes())
}

struct Mutator {
    list: File,
    without: HashSet<u32>,
    count: u32,
    file: String,
    /// The type of the `impl` around the code.
    owner: String,
    function: String,
}

impl Mutator {
    fn file(&mut self, path: &Path, text: &str) -> Result<String, Box<dyn Error>> {
        self.file = path.display().to_string();
        let mut file =
            syn::parse_file(text).map_err(|error| format!("{}: {error}", path.display()))?;
        self.visit_file_mut(&mut file);
        Ok(prettyplease::unparse(&file))
    }

    /// The number of a new mutant, unless it is left out.
    fn add(&mut self, kind: &str, at: Span, original: &str, replacement: &str) -> Option<Literal> {
        self.count += 1;
        if self.without.contains(&self.count) {
            return None;
        }
        let function = match &*self.owner {
            "" => self.function.clone(),
            owner => format!("{owner}::{}", self.function),
        };
        let line = json!({
            "id": self.count,
            "file": self.file,
            "line": at.start().line,
            "function": function,
            "kind": kind,
            "original": short(original),
            "replacement": short(replacement),
        });
        writeln!(self.list, "{line}").expect("the list can be written");
        Some(Literal::u32_unsuffixed(self.count))
    }

    /// Mutants of a whole function, and of what is in it.
    fn function(&mut self, signature: &syn::Signature, body: &mut syn::Block) {
        if signature.constness.is_some() {
            return;
        }
        let outer = std::mem::replace(&mut self.function, signature.ident.to_string());
        let is_default = signature.ident == "default";
        let whole = text(&*body);
        let at = signature.span();
        visit_mut::visit_block_mut(self, body);
        let mut early: Vec<Stmt> = Vec::new();
        for value in values(&signature.output) {
            let is_same = match *value {
                "" => whole.trim_matches(['{', '}', ' ']).is_empty(),
                value => whole.trim_matches(['{', '}', ' ']) == value,
            };
            if is_same || is_default {
                continue;
            }
            if let Some(id) = self.add("body", at, &whole, value) {
                let value: proc_macro2::TokenStream = value.parse().expect("these are tokens");
                early.push(parse_quote!(if crate::mutant::on(#id) { return #value; }));
            }
        }
        body.stmts.splice(0..0, early);
        self.function = outer;
    }

    /// An expression that one of the alternatives replaces when it is on.
    fn choose(&self, expression: &mut Expr, alternatives: Vec<(Literal, Expr)>) {
        for (id, alternative) in alternatives {
            let original = &*expression;
            *expression = parse_quote!(
                (if crate::mutant::on(#id) { (#alternative) } else { (#original) })
            );
        }
    }
}

/// What a function may return at once, by its type.
fn values(output: &ReturnType) -> &'static [&'static str] {
    let ReturnType::Type(_, returned) = output else {
        return &[""];
    };
    match &**returned {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else {
                return &[];
            };
            let first_argument = match &last.arguments {
                syn::PathArguments::AngleBracketed(arguments) => {
                    arguments.args.first().map(text).unwrap_or_default()
                }
                _ => String::new(),
            };
            match (&*last.ident.to_string(), &*first_argument) {
                ("bool", _) => &["true", "false"],
                ("Option", "bool") => &["None", "Some(true)", "Some(false)"],
                ("Option", "String") => &["None", "Some(String::new())"],
                ("Option", "usize" | "u32" | "u64") => &["None", "Some(0)", "Some(1)"],
                ("Option", _) => &["None"],
                ("Vec", _) => &["vec![]"],
                ("String", _) => &["String::new()", "String::from(\"xyzzy\")"],
                ("u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i32" | "i64" | "isize", _) => {
                    &["0", "1"]
                }
                ("Result", _) => &[],
                ("Ordering", _) => &["std::cmp::Ordering::Equal"],
                _ => &["Default::default()"],
            }
        }
        Type::Reference(reference) => match &*reference.elem {
            Type::Slice(_) => &["&[]"],
            Type::Path(path) if path.path.is_ident("str") => &["\"\"", "\"xyzzy\""],
            _ => &[],
        },
        Type::Tuple(_) => &["Default::default()"],
        _ => &[],
    }
}

/// The operators that may stand for another.
fn operators(operator: &BinOp) -> Vec<BinOp> {
    match operator {
        BinOp::Eq(_) => vec![parse_quote!(!=)],
        BinOp::Ne(_) => vec![parse_quote!(==)],
        BinOp::And(_) => vec![parse_quote!(||)],
        BinOp::Or(_) => vec![parse_quote!(&&)],
        BinOp::Lt(_) => vec![parse_quote!(<=), parse_quote!(>)],
        BinOp::Le(_) => vec![parse_quote!(<), parse_quote!(>)],
        BinOp::Gt(_) => vec![parse_quote!(>=), parse_quote!(<)],
        BinOp::Ge(_) => vec![parse_quote!(>), parse_quote!(<)],
        BinOp::Add(_) => vec![parse_quote!(-), parse_quote!(*)],
        BinOp::Sub(_) => vec![parse_quote!(+), parse_quote!(/)],
        BinOp::Mul(_) => vec![parse_quote!(+), parse_quote!(/)],
        BinOp::Div(_) => vec![parse_quote!(*), parse_quote!(%)],
        BinOp::Rem(_) => vec![parse_quote!(/), parse_quote!(+)],
        BinOp::BitAnd(_) => vec![parse_quote!(|), parse_quote!(^)],
        BinOp::BitOr(_) => vec![parse_quote!(&), parse_quote!(^)],
        BinOp::BitXor(_) => vec![parse_quote!(|), parse_quote!(&)],
        BinOp::Shl(_) => vec![parse_quote!(>>)],
        BinOp::Shr(_) => vec![parse_quote!(<<)],
        BinOp::AddAssign(_) => vec![parse_quote!(-=), parse_quote!(*=)],
        BinOp::SubAssign(_) => vec![parse_quote!(+=), parse_quote!(/=)],
        BinOp::MulAssign(_) => vec![parse_quote!(+=), parse_quote!(/=)],
        BinOp::BitOrAssign(_) => vec![parse_quote!(&=), parse_quote!(^=)],
        BinOp::BitAndAssign(_) => vec![parse_quote!(|=), parse_quote!(^=)],
        BinOp::ShlAssign(_) => vec![parse_quote!(>>=)],
        BinOp::ShrAssign(_) => vec![parse_quote!(<<=)],
        _ => Vec::new(),
    }
}

/// Whether an expression is a `let`, or has one that `&&` joins: no parentheses may stand around it.
fn joins_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            joins_let(&binary.left) || joins_let(&binary.right)
        }
        _ => false,
    }
}

/// An operand that stays one beside another operator.
fn operand(expression: &Expr) -> Expr {
    match expression {
        Expr::Path(_)
        | Expr::Lit(_)
        | Expr::Paren(_)
        | Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Field(_)
        | Expr::Index(_)
        | Expr::Unary(_)
        | Expr::Macro(_) => expression.clone(),
        _ => parse_quote!((#expression)),
    }
}

fn matches_everything(arm: &syn::Arm) -> bool {
    let is_binding = |pattern: &Pat| match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(name) => {
            let first = name.ident.to_string();
            name.subpat.is_none() && first.starts_with(|c: char| c.is_ascii_lowercase())
        }
        _ => false,
    };
    arm.guard.is_none() && is_binding(&arm.pat)
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let mut texts = attributes.iter().map(text);
    texts.any(|text| text.contains("cfg(test)") || text.contains("cfg (test)") || text == "#[test]")
}

/// The source of a piece of code, on one line.
fn text(code: impl ToTokens) -> String {
    let source = code.span().source_text();
    let source = source.unwrap_or_else(|| code.to_token_stream().to_string());
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl VisitMut for Mutator {
    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit_mut::visit_item_mod_mut(self, module);
        }
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        if is_test(&item.attrs) {
            return;
        }
        let owner = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        let outer = std::mem::replace(&mut self.owner, owner.unwrap_or_default());
        visit_mut::visit_item_impl_mut(self, item);
        self.owner = outer;
    }

    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig, &mut item.block);
        }
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig, &mut item.block);
        }
    }

    fn visit_trait_item_fn_mut(&mut self, item: &mut syn::TraitItemFn) {
        if let Some(body) = &mut item.default {
            self.function(&item.sig, body);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| (**guard).clone());
        visit_mut::visit_arm_mut(self, arm);
        let (Some(original), Some((_, guard))) = (guard, &mut arm.guard) else {
            return;
        };
        if joins_let(&original) {
            return;
        }
        let mut alternatives: Vec<(Literal, Expr)> = Vec::new();
        for value in ["true", "false"] {
            let id = self.add("guard", original.span(), &text(&original), value);
            let value = syn::parse_str(value).expect("this is an expression");
            alternatives.extend(id.map(|id| (id, value)));
        }
        self.choose(guard, alternatives);
    }

    fn visit_expr_match_mut(&mut self, expression: &mut syn::ExprMatch) {
        let originals: Vec<(Span, String)> = expression
            .arms
            .iter()
            .map(|arm| (arm.pat.span(), text(arm)))
            .collect();
        visit_mut::visit_expr_match_mut(self, expression);
        let Some(last) = expression.arms.iter().position(matches_everything) else {
            return;
        };
        for (arm, (at, original)) in expression.arms[..last].iter_mut().zip(originals) {
            if arm
                .guard
                .as_ref()
                .is_some_and(|(_, guard)| joins_let(guard))
            {
                continue;
            }
            let Some(id) = self.add("arm", at, &original, "") else {
                continue;
            };
            let guard: Expr = match &arm.guard {
                Some((_, guard)) => parse_quote!(!crate::mutant::on(#id) && (#guard)),
                None => parse_quote!(!crate::mutant::on(#id)),
            };
            arm.guard = Some((Default::default(), Box::new(guard)));
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let original = match expression {
            Expr::Binary(_) | Expr::Unary(_) if !joins_let(expression) => expression.clone(),
            _ => return visit_mut::visit_expr_mut(self, expression),
        };
        visit_mut::visit_expr_mut(self, expression);
        let mut alternatives = Vec::new();
        match &original {
            Expr::Binary(binary) => {
                let (left, right) = (operand(&binary.left), operand(&binary.right));
                for operator in operators(&binary.op) {
                    let [from, to] = [&binary.op, &operator].map(|operator| {
                        let operator = quote!(#operator);
                        format!("{} {operator} {}", text(&binary.left), text(&binary.right))
                    });
                    let id = self.add("binary", binary.op.span(), &from, &to);
                    let alternative = parse_quote!(#left #operator #right);
                    alternatives.extend(id.map(|id| (id, alternative)));
                }
            }
            Expr::Unary(unary) if !matches!(unary.op, syn::UnOp::Deref(_)) => {
                // `-1` is a number.
                if !matches!(&*unary.expr, Expr::Lit(_)) {
                    let (from, to) = (text(&original), text(&unary.expr));
                    let id = self.add("unary", original.span(), &from, &to);
                    alternatives.extend(id.map(|id| (id, (*unary.expr).clone())));
                }
            }
            _ => {}
        }
        self.choose(expression, alternatives);
    }

    // These must be constant, or are no code.
    fn visit_item_const_mut(&mut self, _: &mut syn::ItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut syn::ItemStatic) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_trait_item_const_mut(&mut self, _: &mut syn::TraitItemConst) {}
    fn visit_item_enum_mut(&mut self, _: &mut syn::ItemEnum) {}
    fn visit_expr_const_mut(&mut self, _: &mut syn::ExprConst) {}
    fn visit_expr_repeat_mut(&mut self, repeat: &mut syn::ExprRepeat) {
        self.visit_expr_mut(&mut repeat.expr);
    }
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_pat_mut(&mut self, _: &mut Pat) {}
    fn visit_attribute_mut(&mut self, _: &mut syn::Attribute) {}
    fn visit_angle_bracketed_generic_arguments_mut(
        &mut self,
        _: &mut syn::AngleBracketedGenericArguments,
    ) {
    }
}
