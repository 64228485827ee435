//! Nested stacks whose template is among the files of a run: they get the values that its parent passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::principals::unused_value;
use super::{Fault, Read, Resolver};
use crate::cli::effective::Effective;
use crate::cli::input;
use crate::cli::role_file::{self, Template};
use crate::config::Target;
use crate::inventory::cloudformation::{self, Nested};

/// How deep stacks are nested that get the values of their parents.
const DEEPEST: usize = 8;

/// A file that may have the template of a nested stack: its name, and its parameters.
type Child = (String, BTreeSet<String>);

impl<'r> Resolver<'r> {
    /// Reads files that are each judged by themselves, the templates with what others of them pass to their parameters.
    pub(super) fn nest_each(
        &mut self,
        target: Option<&'r Target>,
        names: &[String],
    ) -> Result<(), Fault> {
        let effective = Effective::new(self.args, self.configuration, target)?;
        let mut templates = Vec::new();
        for name in &input::modules(names).1 {
            if let Read::Template(template) = self.read(name, &effective)? {
                templates.push(template);
            }
        }
        self.nest(&templates);
        Ok(())
    }

    /// Reads templates again with what other ones of them pass to their parameters.
    pub(super) fn nest(&mut self, templates: &[usize]) {
        let has_nested = |at: &usize| {
            let template = self.templates.get(*at);
            template.is_some_and(|t| !t.inventory.nested.is_empty())
        };
        if templates.len() < 2 || !templates.iter().any(has_nested) {
            return;
        }
        let files: Vec<Child> = { templates.iter() }
            .filter_map(|at| {
                let template = self.templates.get(*at)?;
                Some((template.name.clone(), template.inventory.parameters.clone()))
            })
            .collect();
        for _ in 0..DEEPEST {
            let mut is_same = true;
            for child in templates {
                let parents = templates.iter().filter_map(|at| self.templates.get(*at));
                let own = self.templates.get(*child).map(|t| t.name.as_str());
                let nested: Vec<Nested> = parents
                    .flat_map(|parent| parent.inventory.nested.iter().map(move |n| (parent, n)))
                    .filter(|(parent, of)| own.is_some() && found(parent, of, &files) == own)
                    .map(|(_, of)| of.clone())
                    .collect();
                is_same &= self.pass(*child, nested);
            }
            if is_same {
                break;
            }
        }
        let all: Vec<&Template> = { templates.iter() }
            .filter_map(|at| self.templates.get(*at))
            .collect();
        // The values of the parameters are for the parents and for their nested stacks.
        for template in &all {
            let own = &template.inventory.unknown_parameters;
            let is_used = |parameter: &&String| {
                let mut others = all.iter().map(|other| &other.inventory.unknown_parameters);
                others.any(|unknown| !unknown.contains(parameter))
            };
            for parameter in own.iter().filter(is_used) {
                self.doubts.remove(&unused_value(&template.name, parameter));
            }
        }
        for at in templates {
            if let Some(parent) = self.templates.get_mut(*at) {
                read_here(parent, &files);
            }
        }
    }

    /// Reads a template again with the values that stacks of others pass to it. True where they are those of before.
    fn pass(&mut self, child: usize, nested: Vec<Nested>) -> bool {
        let Some(template) = self.templates.get_mut(child) else {
            return true;
        };
        let Some((source, given)) = &mut template.read else {
            return true;
        };
        if given.nested == nested {
            return true;
        }
        given.nested = nested;
        let read = cloudformation::read(*source, self.sources.get(*source), given);
        if let Some(Ok(mut inventory)) = read {
            role_file::place_problems(&mut inventory, *source);
            template.inventory = inventory;
            template.limits.clear();
        }
        false
    }
}

/// The file, by its name, that has the template of a nested stack.
fn found<'n>(parent: &Template, nested: &Nested, files: &'n [Child]) -> Option<&'n str> {
    let folder = Path::new(&parent.name).parent();
    let others = || files.iter().filter(|(name, _)| *name != parent.name);
    let is_url = |text: &str| text.contains("://") && !text.starts_with("file://");
    let (urls, paths): (Vec<&str>, Vec<&str>) = { nested.templates.iter() }
        .map(String::as_str)
        .partition(|text| is_url(text));
    for path in paths.into_iter().filter(|path| !path.is_empty()) {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let whole = folder.map_or(path.into(), |folder| folder.join(path));
        let Ok(real) = fs::canonicalize(whole) else {
            continue;
        };
        let is_it = |(name, _): &&Child| fs::canonicalize(name).is_ok_and(|other| other == real);
        if let Some((name, _)) = others().find(is_it) {
            return Some(name);
        }
    }
    // A template that is elsewhere once it is deployed has the name of its file, and the parameters that are passed.
    for url in urls {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let last = path.rsplit('/').next();
        let is_it = |(name, parameters): &&Child| {
            let name = Path::new(name).file_name().and_then(|n| n.to_str());
            name == last && nested.fits(parameters)
        };
        let mut same = others().filter(is_it);
        if let (Some((name, _)), None) = (same.next(), same.next()) {
            return Some(name);
        }
    }
    None
}

/// Takes nested stacks whose template is read out of what was not checked.
fn read_here(parent: &mut Template, files: &[Child]) {
    let nested = parent.inventory.nested.iter();
    let nested = nested.filter(|of| found(parent, of, files).is_some());
    let read: Vec<String> = nested
        .map(|of| format!("nested-template:{}", of.name))
        .collect();
    let documents = parent.inventory.principals.iter_mut();
    for document in documents.flat_map(|principal| &mut principal.documents) {
        document.worst.named.retain(|what| !read.contains(what));
    }
}
