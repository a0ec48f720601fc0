//! `TableEncoder`: a fitted `TableSpec`, the same object at training and at serving.
//!
//! ```text
//! TableSpec ── fit(train rows) ──▶ TableEncoder ── encode(part) ──▶ Batch          rows of a file, with labels
//!                                               ── encode_row(cells) ──▶ FeatureBatch   one live row
//! ```
//!
//! A row of a file and the same row live are equal bit for bit.

use serde::{Deserialize, Serialize};
use slatewise_data::artefact::sha256_hex;

use super::calendar::Calendar;
use super::input::Input;
use super::number::Number;
use super::spec::{CategoricalColumn, TableTask};
use super::statistics::TrainStatistics;
use super::target::Target;
use super::vector::Vector;
use super::vocabulary::TableRows;
use crate::batch::{FeatureLayout, FieldLayout, TableLayout};
use crate::encoder::FittedFeature;
use crate::error::Error;
use crate::row_file::RowSchema;

/// A fitted [`TableSpec`](super::TableSpec).
///
/// # Layout
///
/// | fields, in this order | dense values, in this order |
/// |---|---|
/// | categorical columns, those of several hashes a field each | numeric columns, each with its `_missing` |
/// | crosses | times of day of calendars |
/// | parts of calendars | statistics of labels |
/// | | vectors, each with its `_missing` |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableEncoder {
    /// The columns that are read; the first `live_inputs` of live rows too.
    pub(super) inputs: Vec<Input>,
    pub(super) live_inputs: usize,
    pub(super) tables: Vec<EmbeddingTable>,
    pub(super) categorical: Vec<Categorical>,
    pub(super) crosses: Vec<Cross>,
    pub(super) numbers: Vec<Number>,
    pub(super) calendars: Vec<Calendar>,
    pub(super) targets: Vec<Target>,
    pub(super) vectors: Vec<Vector>,
    pub(super) tasks: Vec<TableTask>,
    pub(super) train_rows: u64,
    pub(super) statistics: TrainStatistics,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EmbeddingTable {
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) rows: TableRows,
}

/// A column whose values are rows of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Categorical {
    pub(super) declared: CategoricalColumn,
    pub(super) input: usize,
    pub(super) table: usize,
}

/// Columns whose values are rows of a table together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cross {
    pub(super) name: String,
    pub(super) inputs: Vec<usize>,
    pub(super) table: usize,
}

impl TableEncoder {
    /// Tables, fields and dense names, for the model. A column of several hashes is several fields, `user#1`, `user#2`.
    pub fn layout(&self) -> FeatureLayout {
        let table = |t: &EmbeddingTable| TableLayout { name: t.name.clone(), rows: t.rows.count(), width: t.width };
        let mut fields = Vec::new();
        for column in &self.categorical {
            let (name, hashes) = (column.declared.name(), column.declared.hashes());
            fields.extend((1..=hashes).map(|hash| FieldLayout {
                name: if hashes > 1 { format!("{name}#{hash}") } else { name.clone() },
                table: column.table,
            }));
        }
        fields.extend(self.crosses.iter().map(|cross| FieldLayout { name: cross.name.clone(), table: cross.table }));
        for calendar in &self.calendars {
            fields.extend(
                (calendar.first_table..)
                    .zip(&calendar.parts)
                    .map(|(table, part)| FieldLayout { name: format!("{}_{}", calendar.column, part.name()), table }),
            );
        }
        let mut dense: Vec<String> = self.numbers.iter().flat_map(Number::names).collect();
        for calendar in self.calendars.iter().filter(|calendar| calendar.cyclic) {
            dense.extend(["sin", "cos"].map(|of| format!("{}_{of}", calendar.column)));
        }
        dense.extend(self.targets.iter().map(|target| target.name().to_owned()));
        dense.extend(self.vectors.iter().flat_map(Vector::names));
        FeatureLayout { tables: self.tables.iter().map(table).collect(), fields, dense }
    }

    /// The columns that [`encode_row`](Self::encode_row) asks for.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.inputs[..self.live_inputs].iter().map(|input| input.column.as_str())
    }

    /// The tasks, in the order of the labels.
    pub fn tasks(&self) -> &[TableTask] {
        &self.tasks
    }

    /// Their names.
    pub fn task_names(&self) -> Vec<String> {
        self.tasks.iter().map(|task| task.name.clone()).collect()
    }

    /// Number of train rows that the encoder was fitted on.
    pub fn train_rows(&self) -> u64 {
        self.train_rows
    }

    /// How the features of the train rows are distributed, for comparison with rows as they are served.
    pub fn statistics(&self) -> &TrainStatistics {
        &self.statistics
    }

    /// What a file of encoded rows says about them: the layout, the tasks, and the SHA-256 of this encoder as JSON.
    ///
    /// # Errors
    /// [`Error::Json`] if the encoder cannot be written as JSON.
    pub fn row_schema(&self) -> Result<RowSchema, Error> {
        Ok(RowSchema { layout: self.layout(), tasks: self.task_names(), encoder: self.sha256()?, slates: false })
    }

    /// SHA-256 of the encoder as JSON.
    pub(super) fn sha256(&self) -> Result<String, Error> {
        Ok(sha256_hex(&serde_json::to_vec(self).map_err(|source| Error::Json { source })?))
    }

    /// One line per feature: what was fitted.
    pub fn summary(&self) -> Vec<FittedFeature> {
        let field = |name: String, table: usize| {
            let table = &self.tables[table];
            let (rows, width, kind) = (table.rows.count(), table.width, table.rows.kind());
            let detail = format!("table {}: {rows} rows × {width}{kind}", table.name);
            FittedFeature { name, kind: "categorical", detail }
        };
        let dense = |name: &str, detail: String| FittedFeature { name: name.to_owned(), kind: "dense", detail };
        let mut lines: Vec<FittedFeature> =
            self.categorical.iter().map(|column| field(column.declared.name(), column.table)).collect();
        lines.extend(self.crosses.iter().map(|cross| field(cross.name.clone(), cross.table)));
        for calendar in &self.calendars {
            let parts = (calendar.first_table..).zip(&calendar.parts);
            lines.extend(parts.map(|(table, part)| field(format!("{}_{}", calendar.column, part.name()), table)));
        }
        lines.extend(self.numbers.iter().map(|number| dense(&number.column, number.detail())));
        let cyclic = self.calendars.iter().filter(|calendar| calendar.cyclic);
        lines.extend(cyclic.map(|calendar| dense(&calendar.column, "time of day, as sine and cosine".to_owned())));
        lines.extend(self.targets.iter().map(|target| dense(target.name(), target.detail())));
        lines.extend(self.vectors.iter().map(|vector| dense(&vector.column, vector.detail())));
        lines
    }
}
