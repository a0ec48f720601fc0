//! `SideTable`: users, items or anything else, joined by a key, under `[[schema.tables]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::column::ColumnSpec;
use super::files::{CsvSpec, FileFormat, Unpack};

/// A table with one row per key. Where a key repeats, the first row is kept and the others are counted; a log row without a
/// partner keeps its row, has no value in the table's columns, and is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideTable {
    /// Names the table in messages and prefixes its columns: `<name>.<column>`.
    pub name: String,
    /// As `schema.files`.
    pub files: Vec<PathBuf>,
    /// As `schema.format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FileFormat>,
    /// As `schema.csv`.
    #[serde(default, skip_serializing_if = "CsvSpec::is_default")]
    pub csv: CsvSpec,
    /// As `schema.unpack`, without `rows`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpack: Vec<Unpack>,
    /// Key column of the table.
    pub key: String,
    /// Typed column of the log that it is joined to, such as `item`.
    pub on: String,
    /// Rows of a long table that count, such as `{ property = "categoryid" }`; all unless declared.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, String>,
    /// The columns that are joined, with their types; all unless declared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnSpec>,
}
