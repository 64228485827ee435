//! The module, and the resource in it, that an expression belongs to.

use std::path::PathBuf;
use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::syntax_tree::{Block, Expression};
use super::value::{Each, Placed, Value};
use crate::parser::SourceId;

pub(super) type Named<T> = IndexMap<String, Rc<Placed<T>>, FxBuildHasher>;

/// The code of a module.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The folder of the module, without links in the path.
    pub(super) folder: PathBuf,
    pub(super) variables: Named<Block>,
    pub(super) locals: Named<Expression>,
    /// By `type.name`, or `data.type.name`.
    pub(super) resources: Named<Block>,
    pub(super) modules: Named<Block>,
    pub(super) outputs: Named<Block>,
    /// The configurations of providers: `aws`, `aws.eu`.
    pub(super) providers: Named<Block>,
    /// The configurations that the caller passes.
    pub(super) passed: Vec<String>,
    /// True where a file of it was not read: what is not found may be defined there.
    pub(super) is_partial: bool,
}

/// A module with its arguments.
#[derive(Debug)]
pub(super) struct Module {
    /// `module.iam`; empty for the outermost.
    pub(super) address: String,
    pub(super) code: Rc<Code>,
    /// The module that calls it, and the call.
    pub(super) caller: Option<(usize, Rc<Placed<Block>>)>,
    /// The values of `each` and `count` in its call.
    pub(super) each: Each,
    /// Values that the command line or a file of values gives.
    pub(super) given: IndexMap<String, Value, FxBuildHasher>,
    pub(super) depth: usize,
}

/// A variable of a `for`, or of a template.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    pub(super) name: &'f str,
    pub(super) value: &'f Value,
    pub(super) outer: Option<&'f Frame<'f>>,
}

/// The surroundings of an expression.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub(super) module: usize,
    pub(super) source: SourceId,
    pub(super) each: &'s Each,
    pub(super) frame: Option<&'s Frame<'s>>,
    /// True in a template file, which knows nothing but its own variables.
    pub(super) is_template: bool,
}

impl Scope<'_> {
    /// The value of a variable of a `for` or a template.
    pub(super) fn local(&self, name: &str) -> Option<Value> {
        let mut frame = self.frame;
        while let Some(f) = frame {
            if f.name == name {
                return Some(f.value.clone());
            }
            frame = f.outer;
        }
        None
    }
}
