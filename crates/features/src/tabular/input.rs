//! `Inputs`: which columns the features read, each once, and as what.
//!
//! ```text
//! categorical age, numeric age, target by job  ──▶  0: age (text, number)   1: job (text)
//! ```
//!
//! Live rows are asked for each of them once. Columns that only group the train rows of a target statistic come last:
//! no live row is asked for them.

use serde::{Deserialize, Serialize};

use super::spec::TableSpec;

/// A column that features read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) column: String,
    /// It is read as text.
    pub(super) text: bool,
    /// It is read as a number.
    pub(super) number: bool,
    /// It is read as a vector of this width.
    pub(super) vector: Option<u32>,
}

/// The columns, and per declared feature which of them it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    pub(super) list: Vec<Input>,
    /// So many, from the front, are those of live rows too.
    pub(super) live: usize,
    pub(super) categorical: Vec<usize>,
    pub(super) numeric: Vec<usize>,
    pub(super) cross: Vec<Vec<usize>>,
    pub(super) calendar: Vec<usize>,
    pub(super) target: Vec<Vec<usize>>,
    pub(super) vector: Vec<usize>,
    pub(super) group: Vec<Option<usize>>,
}

impl Inputs {
    pub(super) fn new(spec: &TableSpec) -> Self {
        let mut inputs = Self::default();
        for column in &spec.categorical {
            let input = if column.is_cut() { inputs.number(&column.column) } else { inputs.text(&column.column) };
            inputs.categorical.push(input);
        }
        for column in &spec.numeric {
            let input = inputs.number(&column.column);
            inputs.numeric.push(input);
        }
        for cross in &spec.cross {
            let columns = cross.columns.iter().map(|column| inputs.text(column)).collect();
            inputs.cross.push(columns);
        }
        for column in &spec.calendar {
            let input = inputs.number(&column.column);
            inputs.calendar.push(input);
        }
        for target in &spec.target {
            let columns = target.columns().map(|column| inputs.text(column)).collect();
            inputs.target.push(columns);
        }
        for column in &spec.vector {
            let input = inputs.of(&column.column);
            inputs.list[input].vector = Some(column.width);
            inputs.vector.push(input);
        }
        inputs.live = inputs.list.len();
        for target in &spec.target {
            let group = target.group.as_ref().map(|column| inputs.text(column));
            inputs.group.push(group);
        }
        inputs
    }

    fn of(&mut self, column: &str) -> usize {
        let known = self.list.iter().position(|input| input.column == column);
        known.unwrap_or_else(|| {
            self.list.push(Input { column: column.to_owned(), ..Input::default() });
            self.list.len() - 1
        })
    }

    fn text(&mut self, column: &str) -> usize {
        let input = self.of(column);
        self.list[input].text = true;
        input
    }

    fn number(&mut self, column: &str) -> usize {
        let input = self.of(column);
        self.list[input].number = true;
        input
    }
}
