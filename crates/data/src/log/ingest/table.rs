//! `IngestedTable`: a side table of typed rows.

use std::path::PathBuf;

use crate::log::counts::Counts;
use crate::log::schema::TypedSchema;

/// A side table on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestedTable {
    /// Its name in the schema.
    pub name: String,
    /// Its typed key column, `<name>.<key>`: text, as the ids of the log.
    pub key: String,
    /// The typed column of the log that it is joined to.
    pub on: String,
    /// Its columns, all called `<name>.<column>`.
    pub schema: TypedSchema,
    /// Its rows, none of which are among the log's.
    pub counts: Counts,
    /// The Parquet file.
    pub typed: PathBuf,
}
