//! Which columns of a file an encoder reads, in which order, and what their ids' texts mean.
//!
//! ```text
//! slot   0 .. C          C .. C + N       then            then
//!        categorical     numeric          labels          masks
//! ```
//!
//! A reader hands out ids as codes and their texts at the end of the file. So the file is read twice, first for the
//! texts alone: what is kept is one row per *distinct* value, never the file.

use std::path::Path;

use slatewise_data::table::{Kind, TableReader, Wanted};

use super::spec::{CategoricalColumn, TableMask, TableTask};
use crate::error::Error;

/// The wanted columns and where tasks find theirs.
pub(super) struct Columns<'a> {
    pub(super) wanted: Vec<Wanted<'a>>,
    pub(super) categorical: usize,
    pub(super) numeric: usize,
    /// Per task the slot of its mask.
    pub(super) mask: Vec<Option<usize>>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(
        categorical: &'a [CategoricalColumn],
        numeric: impl Iterator<Item = &'a str>,
        tasks: &'a [TableTask],
    ) -> Self {
        let mut wanted: Vec<Wanted<'a>> = categorical.iter().map(|c| Wanted::id(&c.column)).collect();
        wanted.extend(numeric.map(Wanted::number_or_empty));
        let numeric = wanted.len() - categorical.len();
        wanted.extend(tasks.iter().map(|task| match task.label.positive {
            Some(_) => Wanted::id(&task.label.column),
            // Where the mask does not hold, the cell may be empty.
            None => Wanted::number_or_empty(&task.label.column),
        }));
        let mut place = |mask: &'a TableMask| {
            wanted.push(Wanted::id(&mask.column));
            wanted.len() - 1
        };
        let mask = tasks.iter().map(|task| task.mask.as_ref().map(&mut place)).collect();
        Self { wanted, categorical: categorical.len(), numeric, mask }
    }

    /// Slot of a task's label.
    pub(super) fn label(&self, task: usize) -> usize {
        self.categorical + self.numeric + task
    }

    /// The texts of each column of ids in a file, by code; none for columns of numbers.
    pub(super) fn texts(&self, path: &Path) -> Result<Vec<Vec<String>>, Error> {
        let ids: Vec<Wanted<'a>> = self.wanted.iter().filter(|wanted| wanted.kind.is_id()).copied().collect();
        if ids.is_empty() {
            return Ok(vec![Vec::new(); self.wanted.len()]);
        }
        let mut found = TableReader::open(path)?.for_each_chunk(&ids, |_| Ok::<(), Error>(()))?.into_iter();
        let texts = |wanted: &Wanted<'a>| match wanted.kind {
            Kind::Id | Kind::IdOrEmpty => found.next().unwrap_or_default(),
            Kind::Number | Kind::NumberOrEmpty | Kind::Vector(_) => Vec::new(),
        };
        Ok(self.wanted.iter().map(texts).collect())
    }
}
