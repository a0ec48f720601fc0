//! Tables: typed columns, the best cell of a column and one row brought out.
//!
//! ```
//! use slatewise_eval::report::{Cell, Column, NumberFormat, Table};
//!
//! let auc = Column::number("AUC", NumberFormat::Decimals(4)).highest();
//! let table = Table::new(vec![Column::text("Task"), auc])
//!     .row(["click".into(), 0.7012.into()])
//!     .row(["premium next".into(), Cell::undefined("no row has label 0")])
//!     .caption("Test sessions.");
//! assert_eq!(table.text(1, 1), "undefined");
//! assert!(table.is_best(0, 1));
//! ```

use serde::Serialize;

use super::number::NumberFormat;
use crate::error::Metric;
use crate::interval::Interval;

/// A table. Rows shorter than the columns are padded with empty cells, longer ones are cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// The columns, left to right.
    pub columns: Vec<Column>,
    /// The rows, each with one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Row that is set off from the others, if any.
    pub emphasised_row: Option<usize>,
    /// A sentence below the table, if any.
    pub caption: Option<String>,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// What stands above it.
    pub heading: String,
    /// What stands in it.
    pub kind: ColumnKind,
    /// Which of its cells is brought out, if any.
    pub best: Option<Best>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words, aligned left.
    Text,
    /// Numbers, aligned right.
    Number(NumberFormat),
}

/// Which value of a column is the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The largest.
    Highest,
    /// The smallest.
    Lowest,
}

/// A cell of a [`Table`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number; not finite reads "undefined".
    Number(f64),
    /// A mean with its interval.
    Interval(Interval),
    /// A number that is not defined, with the reason.
    Undefined {
        /// Why.
        undefined: String,
    },
    /// Nothing.
    Empty,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), emphasised_row: None, caption: None }
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.resize(self.columns.len(), Cell::Empty);
        self.rows.push(cells);
        self
    }

    /// Sets off the row that was added last.
    #[must_use]
    pub fn emphasised(mut self) -> Self {
        self.emphasised_row = self.rows.len().checked_sub(1);
        self
    }

    /// Sets the sentence below the table.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// A cell as it reads, without its interval's bounds.
    pub fn text(&self, row: usize, column: usize) -> String {
        let format = match self.columns[column].kind {
            ColumnKind::Number(format) => format,
            // A number among words keeps its own shortest form.
            ColumnKind::Text => match &self.rows[row][column] {
                Cell::Number(value) if value.is_finite() => return value.to_string(),
                _ => NumberFormat::Count,
            },
        };
        self.rows[row][column].text(format)
    }

    /// The bounds of a cell's interval as they read, if it has any.
    pub fn bounds_text(&self, row: usize, column: usize) -> Option<String> {
        match (&self.columns[column].kind, &self.rows[row][column]) {
            (ColumnKind::Number(format), Cell::Interval(Interval { bounds: Some((lower, upper)), .. })) => {
                Some(format!("[{}, {}]", format.format(*lower), format.format(*upper)))
            }
            _ => None,
        }
    }

    /// Whether a cell holds its column's best value (ties are all best); never in a column without one, or with a single number.
    pub fn is_best(&self, row: usize, column: usize) -> bool {
        let Some(best) = self.columns[column].best else { return false };
        let Some(value) = self.rows[row][column].value() else { return false };
        let mut others = self.rows.iter().filter_map(|cells| cells[column].value());
        match best {
            Best::Highest => others.all(|other| other <= value),
            Best::Lowest => others.all(|other| other >= value),
        }
    }
}

impl Column {
    /// A column of words.
    pub fn text(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), kind: ColumnKind::Text, best: None }
    }

    /// A column of numbers.
    pub fn number(heading: impl Into<String>, format: NumberFormat) -> Self {
        Self { heading: heading.into(), kind: ColumnKind::Number(format), best: None }
    }

    /// Brings out the largest value.
    #[must_use]
    pub fn highest(self) -> Self {
        Self { best: Some(Best::Highest), ..self }
    }

    /// Brings out the smallest value.
    #[must_use]
    pub fn lowest(self) -> Self {
        Self { best: Some(Best::Lowest), ..self }
    }
}

impl Cell {
    /// A number that is not defined.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self::Undefined { undefined: reason.into() }
    }

    /// The finite number in it, if any.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Number(value) | Self::Interval(Interval { mean: value, .. }) => Some(*value),
            Self::Text(_) | Self::Undefined { .. } | Self::Empty => None,
        }
        .filter(|value| value.is_finite())
    }

    /// How it reads, without an interval's bounds.
    pub(super) fn text(&self, format: NumberFormat) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(value) | Self::Interval(Interval { mean: value, .. }) => format.format(*value),
            Self::Undefined { .. } => "undefined".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Number(value as f64)
    }
}

impl From<Interval> for Cell {
    fn from(interval: Interval) -> Self {
        Self::Interval(interval)
    }
}

impl From<Metric> for Cell {
    fn from(metric: Metric) -> Self {
        metric.map_or_else(|reason| Self::undefined(reason.to_string()), Self::Number)
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or_else(|| Self::undefined("see the warnings"), Self::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_ignores_undefined_cells_and_respects_direction() {
        let table = Table::new(vec![Column::number("loss", NumberFormat::Decimals(1)).lowest(), Column::text("note")])
            .row([0.4.into()])
            .row([f64::NAN.into(), "a".into(), "beyond the columns".into()])
            .row([0.2.into()]);
        assert_eq!([0, 1, 2].map(|row| table.is_best(row, 0)), [false, false, true]);
        assert_eq!(table.text(1, 0), "undefined");
        assert_eq!(table.text(0, 1), "");
        assert!(!table.is_best(1, 1));
        assert_eq!(table.rows[1].len(), 2);
    }
}
