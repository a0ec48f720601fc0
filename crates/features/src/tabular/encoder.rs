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

use super::number::Number;
use super::spec::{CategoricalColumn, TableTask};
use super::vocabulary::TableRows;
use crate::batch::{FeatureBatch, FeatureLayout, FieldLayout, TableLayout};
use crate::encoder::FittedFeature;
use crate::error::Error;
use crate::row_file::RowSchema;

/// A fitted [`TableSpec`](super::TableSpec).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableEncoder {
    pub(super) tables: Vec<EmbeddingTable>,
    pub(super) categorical: Vec<CategoricalColumn>,
    /// Per categorical column its embedding table.
    pub(super) table_of: Vec<usize>,
    pub(super) numbers: Vec<Number>,
    pub(super) tasks: Vec<TableTask>,
    pub(super) train_rows: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EmbeddingTable {
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) rows: TableRows,
}

impl TableEncoder {
    /// Tables, fields and dense names, for the model. A column of several hashes is several fields, `user#1`, `user#2`.
    pub fn layout(&self) -> FeatureLayout {
        let table = |t: &EmbeddingTable| TableLayout { name: t.name.clone(), rows: t.rows.count(), width: t.width };
        let fields = self.categorical.iter().zip(&self.table_of).flat_map(|(column, &table)| {
            (1..=column.hashes()).map(move |hash| FieldLayout {
                name: if column.hashes() > 1 { format!("{}#{hash}", column.column) } else { column.column.clone() },
                table,
            })
        });
        FeatureLayout {
            tables: self.tables.iter().map(table).collect(),
            fields: fields.collect(),
            dense: self.numbers.iter().flat_map(Number::names).collect(),
        }
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

    /// What a file of encoded rows says about them: the layout, the tasks, and the SHA-256 of this encoder as JSON.
    ///
    /// # Errors
    /// [`Error::Json`] if the encoder cannot be written as JSON.
    pub fn row_schema(&self) -> Result<RowSchema, Error> {
        let encoder = sha256_hex(&serde_json::to_vec(self).map_err(|source| Error::Json { source })?);
        Ok(RowSchema { layout: self.layout(), tasks: self.task_names(), encoder, slates: false })
    }

    /// One line per feature: what was fitted.
    pub fn summary(&self) -> Vec<FittedFeature> {
        let categorical = self.categorical.iter().zip(&self.table_of).map(|(column, &table)| {
            let table = &self.tables[table];
            let kind = match table.rows {
                TableRows::Vocabulary(_) => "",
                TableRows::Buckets(_) => ", hashed",
            };
            let detail = format!("table {}: {} rows × {}{kind}", table.name, table.rows.count(), table.width);
            FittedFeature { name: column.column.clone(), kind: "categorical", detail }
        });
        let dense = self.numbers.iter().map(|number| FittedFeature {
            name: number.column.clone(),
            kind: "dense",
            detail: number.detail(),
        });
        categorical.chain(dense).collect()
    }

    /// Appends one live row; `cell` gives the text of a column, none or an empty one where it is absent.
    ///
    /// # Shapes
    /// `out.ids` grows by `[1, F]`, `out.dense` by `[1, D]`.
    ///
    /// # Errors
    /// [`Error::BadCell`] for a number that is none or cannot be used; `out` is then as it was.
    pub fn encode_row<'c>(&self, cell: impl Fn(&str) -> Option<&'c str>, out: &mut FeatureBatch) -> Result<(), Error> {
        let (ids, dense) = (out.ids.len(), out.dense.len());
        for (column, &table) in self.categorical.iter().zip(&self.table_of) {
            let (value, rows) = (cell(&column.column).unwrap_or(""), &self.tables[table].rows);
            out.ids.extend((0..column.hashes()).map(|hash| rows.row(value, hash)));
        }
        for number in &self.numbers {
            let text = cell(&number.column).unwrap_or("");
            let encoded = parse(text).and_then(|x| number.encode(x, &mut out.dense));
            if let Err((problem, mend)) = encoded {
                out.ids.truncate(ids);
                out.dense.truncate(dense);
                let place = format!("live row, column `{}`", number.column);
                return Err(Error::BadCell { place, problem: format!("{text:?}: {problem}"), mend });
            }
        }
        out.rows += 1;
        Ok(())
    }
}

/// A cell as a number, as the reader of tables reads it; NaN for an empty one.
fn parse(text: &str) -> Result<f64, super::number::Unfit> {
    match text.trim_ascii() {
        "" => Ok(f64::NAN),
        "True" | "true" | "TRUE" => Ok(1.0),
        "False" | "false" | "FALSE" => Ok(0.0),
        text => text.parse().map_err(|_| ("it is no number", "give a decimal such as 0.25, or nothing")),
    }
}
