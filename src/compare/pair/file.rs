//! Pairs in a JSON file: saved from one comparison, loaded into another.
//!
//! `{ "schema": 1, "a": "...", "b": "...", "pairs": [ { "a": { "graph": 0, "operation": 3, "name": "...", "input": 1,
//! "role": "kernel" }, "b": { ... } } ], "broken": [ ... ] }`: `pairs` stand, `broken` ones are not made, and
//! weights that neither list names are paired by evidence. A weight is found by graph, operation and input, if the
//! name there is the one in the file; else by name and role, so that the file outlives a new conversion.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Decisions, Pair, Subject};
use crate::weights::{Site, Weight};

/// What a file of pairs says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairsFile {
    pub schema: u32,
    pub a: String,
    pub b: String,
    pub pairs: Vec<Entry>,
    #[serde(default)]
    pub broken: Vec<Entry>,
}

/// A weight of either model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub a: Place,
    pub b: Place,
}

/// Where a weight is used, as `inspect --json` counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub graph: u32,
    pub operation: u64,
    pub name: String,
    pub input: usize,
    pub role: String,
}

/// Why a file of pairs can't be used; one sentence.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("it is no file of pairs: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is a file of pairs of version {0}; version 1 is read")]
    Version(u32),
    #[error("{side} has no weight '{name}' with the role '{role}' at input {input}")]
    Missing { side: char, name: String, role: String, input: usize },
}

impl PairsFile {
    /// What a comparison found or somebody decided, to be saved.
    pub fn of(a: Subject<'_>, b: Subject<'_>, pairs: &[Pair], broken: &[(Site, Site)]) -> Self {
        let entry = |left: Site, right: Site| Some(Entry { a: Place::of(a, left)?, b: Place::of(b, right)? });
        Self {
            schema: 1,
            a: a.model.file_name(),
            b: b.model.file_name(),
            pairs: pairs.iter().filter_map(|pair| entry(pair.a, pair.b)).collect(),
            broken: broken.iter().filter_map(|(left, right)| entry(*left, *right)).collect(),
        }
    }

    /// # Errors
    /// [`FileError`]: not such a file.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file: Self = serde_json::from_str(text)?;
        if file.schema != 1 {
            return Err(FileError::Version(file.schema));
        }
        Ok(file)
    }

    /// As text, ready to be written.
    ///
    /// # Errors
    /// Never for what this program made.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The weights that it names.
    ///
    /// # Errors
    /// [`FileError::Missing`]: one that the models don't have.
    pub fn decisions(&self, a: Subject<'_>, b: Subject<'_>) -> Result<Decisions, FileError> {
        let find = |entries: &[Entry]| -> Result<Vec<(Site, Site)>, FileError> {
            entries.iter().map(|entry| Ok((entry.a.find(a, 'A')?, entry.b.find(b, 'B')?))).collect()
        };
        Ok(Decisions { made: find(&self.pairs)?, broken: find(&self.broken)? })
    }
}

impl Place {
    pub fn of(subject: Subject<'_>, site: Site) -> Option<Self> {
        let weight = subject.catalogue.at(site)?;
        let operation = weight.operation(subject.model);
        Some(Self {
            graph: site.graph.0,
            operation: operation.index,
            name: operation.name.clone(),
            input: site.input,
            role: weight.role.name.to_owned(),
        })
    }

    fn find(&self, subject: Subject<'_>, side: char) -> Result<Site, FileError> {
        let is_here = |weight: &&Weight| {
            let operation = weight.operation(subject.model);
            weight.site.graph.0 == self.graph
                && operation.index == self.operation
                && weight.site.input == self.input
                && operation.name == self.name
        };
        let is_named = |weight: &&Weight| weight.operation(subject.model).name == self.name && weight.role.name == self.role;
        let mut named = subject.catalogue.weights().filter(is_named);
        let found = subject.catalogue.weights().find(is_here).or_else(|| named.next().filter(|_| named.next().is_none()));
        found.map(|weight| weight.site).ok_or_else(|| FileError::Missing {
            side,
            name: self.name.clone(),
            role: self.role.clone(),
            input: self.input,
        })
    }
}
