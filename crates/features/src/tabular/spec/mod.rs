//! `TableSpec`: a flat table as features and labels, declared in a config.
//!
//! ```toml
//! [table]
//! train = "datasets/adult/train.csv.gz"
//! test = "datasets/adult/test.csv.gz"
//! validation = { share = 0.1, seed = 1 }            # of the train file's rows; or validation_file = "…"
//!
//! [[table.categorical]]                             # text or integers → a row of an embedding table
//! column = "workclass"
//! width = 8
//! min_count = 5
//! out_of_vocabulary = 16                            # rare and unseen values hashed to 16 rows; row 0 for all otherwise
//!
//! [[table.categorical]]                             # a number → the bucket that it falls into
//! column = "age"
//! width = 8
//! quantile_cuts = 20                                # or cuts = [18, 30, 65]
//!
//! [[table.numeric]]
//! column = "age"
//! transform = "quantile"
//!
//! [[table.cross]]                                   # values of two to four columns together
//! columns = ["workclass", "education"]
//! width = 8
//! min_count = 5                                     # or buckets = 10000
//!
//! [[table.calendar]]                                # microseconds since 1970-01-01 UTC
//! column = "time"
//! parts = ["hour", "weekday", "day_of_month", "month"]
//! cyclic = true
//! utc_offset_hours = 9
//!
//! [[table.target]]                                  # how the train rows of one value were labelled
//! columns = ["native-country"]
//! task = "income"
//!
//! [[table.vector]]                                  # a list of numbers
//! column = "embedding"
//! width = 64
//!
//! [[table.tasks]]
//! name = "income"
//! label = { column = "income", positive = ">50K" }
//! missing = "mask"                                  # optional: a row without the label is one that does not count
//! mask = { column = "sex", equals = "Female" }      # optional: elsewhere the label does not count
//! ```

mod columns;
mod derived;
mod task;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::columns::{CategoricalColumn, NumericColumn, NumericTransform};
pub use self::derived::{CalendarColumn, CalendarPart, CrossColumn, TargetColumn, VectorColumn, VectorScale};
pub use self::task::{LabelKind, MissingLabel, TableLabel, TableMask, TableTask};

/// The tables of a run, under `[table]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// File to learn from: CSV, gzipped or not, or Parquet.
    pub train: PathBuf,
    /// File to be judged on, with the same columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// Rows of the train file that are held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationSpec>,
    /// File of the rows held out, in place of `validation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_file: Option<PathBuf>,
    /// Columns that become rows of embedding tables.
    #[serde(default)]
    pub categorical: Vec<CategoricalColumn>,
    /// Columns that become normalised numbers.
    #[serde(default)]
    pub numeric: Vec<NumericColumn>,
    /// Columns whose values become rows of an embedding table together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cross: Vec<CrossColumn>,
    /// Columns of times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<CalendarColumn>,
    /// Statistics of a task's labels by value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<TargetColumn>,
    /// Columns of vectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vector: Vec<VectorColumn>,
    /// What is learned.
    pub tasks: Vec<TableTask>,
}

/// A seeded share of the train file, row by row: row r is held out if `XXH64(r; seed) < share · 2⁶⁴`. With one seed a
/// larger share holds out the rows of a smaller one and more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationSpec {
    /// Expected share of the rows, above 0 and below 1.
    pub share: f64,
    /// Decides which rows.
    pub seed: u64,
}

impl TableSpec {
    /// A train file and tasks, without features so far.
    pub fn new(train: impl Into<PathBuf>, tasks: Vec<TableTask>) -> Self {
        Self { train: train.into(), tasks, ..Self::default() }
    }

    /// Takes relative paths from `folder`, usually that of the config.
    pub fn resolve_from(&mut self, folder: &Path) {
        self.train = folder.join(&self.train);
        for file in [&mut self.test, &mut self.validation_file].into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
}
