//! The files of one version of the texts.

use super::{Input, Place};
use crate::diff::narrow::Narrowing;
use crate::edit::{self, Edit, Obstacle};
use crate::lints::File;
use crate::parser::{
    self, Attachment, Document, Policy, Source, SourceId, Sources, Span, Statement,
};
use crate::quota::size;

/// A statement by the index of its file and its own among all of that file: none comes or goes.
pub(super) type Key = (usize, usize);

/// The files of one version of the texts.
pub(super) struct Files {
    pub(super) sources: Sources,
    pub(super) files: Vec<File>,
}

impl Files {
    pub(super) fn new(input: Input<'_>, texts: &[String]) -> Self {
        let mut sources = Sources::new();
        let add = |(at, (name, text)): (usize, (&&str, &String))| {
            let source = sources.add(Source::new(*name, text.as_str()));
            (input.read)(at, source, sources.get(source))
        };
        let files = input.names.iter().zip(texts).enumerate().map(add).collect();
        Files { sources, files }
    }

    fn documents(&self) -> impl Iterator<Item = &Document> {
        self.files.iter().map(|file| &file.document)
    }

    pub(super) fn policies(&self) -> Vec<Policy> {
        let policies = self.documents().flat_map(|d| &d.policies);
        policies.cloned().collect()
    }

    /// The policies at each extreme of the unknown values, the worst one first.
    pub(super) fn readings(&self) -> Vec<Vec<Policy>> {
        let of = |document: fn(&File) -> Option<&Document>| {
            let is_open = self.files.iter().any(|file| document(file).is_some());
            let documents = { self.files.iter() }.map(|f| document(f).unwrap_or(&f.document));
            let policies = documents.flat_map(|d| d.policies.iter().cloned());
            is_open.then(|| policies.collect::<Vec<Policy>>())
        };
        let best = of(|file| file.extremes.as_ref().map(|e| &e.best));
        let texts = of(|file| file.extremes.as_ref()?.texts.as_ref());
        [Some(self.policies()), best, texts]
            .into_iter()
            .flatten()
            .collect()
    }

    pub(super) fn statements(&self, file: usize) -> impl Iterator<Item = (&Policy, &Statement)> {
        let document = self.files.get(file).map(|file| &file.document);
        let policies = document.into_iter().flat_map(|d| &d.policies);
        policies.flat_map(|p| p.statements.iter().map(move |s| (p, s)))
    }

    pub(super) fn statement(&self, (file, at): Key) -> Option<(&Policy, &Statement)> {
        self.statements(file).nth(at)
    }

    pub(super) fn key(&self, source: SourceId, span: Span) -> Option<Key> {
        let file = source.0 as usize;
        let at = self.statements(file).position(|(_, s)| s.span == span)?;
        Some((file, at))
    }

    pub(super) fn place(&self, (file, at): Key) -> Option<Place> {
        let (policy, statement) = self.statement((file, at))?;
        let source = self.sources.get(policy.source);
        Some(Place {
            file,
            line: source.location(statement.span.start).line,
            sid: { statement.sid.as_ref() }.map(|s| parser::name(&s.value)),
        })
    }

    /// The edits that narrow a statement.
    pub(super) fn edits(&self, narrowing: &Narrowing, key: Key) -> Result<Vec<Edit>, Obstacle> {
        let source = self.sources.get(narrowing.source);
        let (policy, _) = self.statement(key).ok_or(Obstacle::Encoded)?;
        let changes = narrowing.changes.iter();
        let changes: Vec<(Span, Vec<String>)> =
            changes.map(|c| (c.span, c.texts.clone())).collect();
        edit::rewrite(source, policy, &changes)
    }

    /// The texts after some edits.
    pub(super) fn edited(&self, edits: &[&Edit]) -> Vec<String> {
        (0..self.files.len())
            .map(|at| {
                let id = SourceId(at as u32);
                let own = edits.iter().copied().filter(|e| e.source == id);
                edit::apply(self.sources.get(id), own)
            })
            .collect()
    }

    /// Characters that AWS counts: of each policy, and of those together that are inline policies.
    pub(super) fn sizes(&self) -> (Vec<(usize, usize)>, usize) {
        let mut managed = Vec::new();
        let mut inline = 0;
        for (file, document) in self.documents().enumerate() {
            for policy in &document.policies {
                let size = match &policy.unknowns {
                    Some(_) => policy.characters.most,
                    None => size(self.sources.get(policy.source).slice(policy.span)),
                };
                if policy.attachment == Attachment::Inline {
                    inline += size;
                } else {
                    managed.push((file, size));
                }
            }
        }
        (managed, inline)
    }

    /// How many problems make AWS reject a file.
    pub(super) fn rejections(&self) -> usize {
        let problems = self.documents().flat_map(|d| &d.problems);
        problems.filter(|p| p.rejected).count()
    }
}
