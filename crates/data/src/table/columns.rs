//! What is read: [`Table`] whole, [`Chunk`] piece by piece.
//!
//! ```text
//! wanted:   number("score")   id("user_id")
//! Table:    [0.5, 0.25, 0.5]  code [0, 1, 0], names ["u7", "u3"]      u7, u3, u7 in the file
//! ```

use std::borrow::Cow;

use super::block_ids::BlockIds;
use super::interner::Interner;
use super::place::Place;
use super::wanted::Kind;

/// A column of ids: one code per row, counted in the order of first appearance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdColumn {
    /// For each row, which of `names` stands there.
    pub code: Vec<u32>,
    /// The ids as text, each once.
    pub names: Vec<String>,
}

/// A column that was read whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// One number per row.
    Number(Vec<f64>),
    /// One id per row.
    Id(IdColumn),
    /// So many numbers per row, row by row.
    Vector(Vec<f32>),
}

/// The wanted columns of a file.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
    pub(super) place: Place,
}

/// The wanted columns of some consecutive rows.
#[derive(Debug)]
pub struct Chunk<'a> {
    pub(super) first_row: usize,
    pub(super) rows: usize,
    pub(super) columns: &'a [BlockColumn],
    /// Of each column of ids, those that the file has shown so far.
    pub(super) names: &'a [Interner],
    pub(super) place: &'a Place,
    /// Estimated number of rows of the whole file.
    pub(super) expected_rows: usize,
}

/// A wanted column of a block of rows; which of the three is filled depends on the kind.
#[derive(Debug, Default)]
pub(super) struct BlockColumn {
    pub(super) kind: Kind,
    pub(super) numbers: Vec<f64>,
    pub(super) ids: BlockIds,
    pub(super) vectors: Vec<f32>,
}

impl Table {
    /// Number of data rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The numbers of the wanted column `i`, one per row.
    ///
    /// # Panics
    /// If the column was not wanted as a number.
    pub fn number(&self, i: usize) -> &[f64] {
        match &self.columns[i] {
            Column::Number(numbers) => numbers,
            Column::Id(_) | Column::Vector(_) => wrong_kind(i, "no number"),
        }
    }

    /// The ids of the wanted column `i`.
    ///
    /// # Panics
    /// If the column was not wanted as an id.
    pub fn id(&self, i: usize) -> &IdColumn {
        match &self.columns[i] {
            Column::Id(ids) => ids,
            Column::Number(_) | Column::Vector(_) => wrong_kind(i, "no id"),
        }
    }

    /// The columns in the order in which they were wanted.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// A cell in words, such as "scores.csv, data row 2 (line 3), column \`score\`"; `row0` counts from 0.
    pub fn place(&self, row0: usize, column: &str) -> String {
        self.place.place(row0, column)
    }

    /// Names rows and cells also after the table is taken apart.
    pub fn places(&self) -> Place {
        self.place.clone()
    }
}

impl Column {
    /// The numbers.
    ///
    /// # Panics
    /// If the column was not wanted as a number.
    pub fn into_numbers(self) -> Vec<f64> {
        match self {
            Self::Number(numbers) => numbers,
            Self::Id(_) | Self::Vector(_) => wrong_kind(0, "no number"),
        }
    }

    /// The ids.
    ///
    /// # Panics
    /// If the column was not wanted as an id.
    pub fn into_ids(self) -> IdColumn {
        match self {
            Self::Id(ids) => ids,
            Self::Number(_) | Self::Vector(_) => wrong_kind(0, "no id"),
        }
    }
}

impl Chunk<'_> {
    /// The data row of the file that is row 0 of the chunk, counted from 0.
    pub fn first_row(&self) -> usize {
        self.first_row
    }

    /// Number of rows in the chunk.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The numbers of the wanted column `i`, one per row of the chunk.
    ///
    /// # Panics
    /// If the column was not wanted as a number.
    pub fn number(&self, i: usize) -> &[f64] {
        match self.columns[i].kind {
            Kind::Number | Kind::NumberOrEmpty => &self.columns[i].numbers,
            Kind::Id | Kind::IdOrEmpty | Kind::Vector(_) => wrong_kind(i, "no number"),
        }
    }

    /// The codes of the wanted column `i`, one per row of the chunk; their names are told by [`names`](Self::names)
    /// and, all of them, when the file has been read.
    ///
    /// # Panics
    /// If the column was not wanted as an id.
    pub fn id(&self, i: usize) -> &[u32] {
        match self.columns[i].kind {
            Kind::Id | Kind::IdOrEmpty => &self.columns[i].ids.codes,
            Kind::Number | Kind::NumberOrEmpty | Kind::Vector(_) => wrong_kind(i, "no id"),
        }
    }

    /// The names of the wanted column `i` that the file has shown so far, in the order of their codes, but for the first
    /// `known`: what a caller that keeps them has yet to learn before it meets the codes of this chunk.
    pub fn names(&self, i: usize, known: usize) -> impl Iterator<Item = Cow<'_, str>> {
        let names = &self.names[i];
        (known..names.len()).map(|code| names.text(code as u32))
    }

    /// The vectors of the wanted column `i`, row by row: `[rows, width]`.
    ///
    /// # Panics
    /// If the column was not wanted as a vector.
    pub fn vector(&self, i: usize) -> &[f32] {
        match self.columns[i].kind {
            Kind::Vector(_) => &self.columns[i].vectors,
            Kind::Number | Kind::NumberOrEmpty | Kind::Id | Kind::IdOrEmpty => wrong_kind(i, "no vector"),
        }
    }

    /// A cell in words, such as "scores.csv, data row 2 (line 3), column \`score\`"; `row0` counts from 0 over the
    /// whole file, up to the rows of this chunk.
    pub fn place(&self, row0: usize, column: &str) -> String {
        self.place.place(row0, column)
    }

    /// Names rows and cells also after the chunk is gone.
    pub fn places(&self) -> Place {
        self.place.clone()
    }

    /// Appends the rows to whole columns.
    pub(super) fn append_to(&self, columns: &mut [Column]) {
        for (column, block) in columns.iter_mut().zip(self.columns) {
            match column {
                Column::Number(numbers) => self.append(&block.numbers, numbers),
                Column::Id(ids) => self.append(&block.ids.codes, &mut ids.code),
                Column::Vector(vectors) => vectors.extend_from_slice(&block.vectors),
            }
        }
    }

    /// Reserves what the whole file is expected to need, and an eighth more each time the expectation falls short:
    /// doubling would hold three times the column for a moment.
    fn append<T: Copy>(&self, rows: &[T], column: &mut Vec<T>) {
        if column.capacity() - column.len() < rows.len() {
            let expected = self.expected_rows + self.expected_rows / 64;
            let more = expected.saturating_sub(column.len()).max(column.len() / 8).max(rows.len());
            column.reserve_exact(more);
        }
        column.extend_from_slice(rows);
    }
}

impl BlockColumn {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.ids.clear();
        self.vectors.clear();
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.numbers.truncate(rows);
        self.ids.truncate(rows);
        if let Kind::Vector(width) = self.kind {
            self.vectors.truncate(rows * width as usize);
        }
    }
}

#[expect(
    clippy::panic,
    reason = "the caller asks for another kind than it wanted: a mistake in the program, not in the file"
)]
fn wrong_kind(column: usize, is: &str) -> ! {
    panic!("wanted column {column} was read as {is}, and is asked for as one")
}
