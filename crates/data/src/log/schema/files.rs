//! How the files are written: `FileFormat`, `CsvSpec`, `Unpack`.

use serde::{Deserialize, Serialize};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Lines of cells.
    Csv,
    /// A JSON object per line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// How CSV is written, under `[schema.csv]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvSpec {
    /// What stands between two cells, such as `";"`, `"\t"` or `"::"`; told from the header unless declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Names of the columns of a file without a header line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<String>,
    /// Lines before the header (or the first row) that are skipped.
    pub skip_lines: u64,
    /// Whether a cell in quotes may hold line breaks. Off by default: a row is one line, so a lost quote costs one row. On,
    /// a quote that stays open for more than 100 lines costs its own line.
    pub line_breaks_in_quotes: bool,
    /// Quotes are ordinary characters.
    pub no_quotes: bool,
}

impl CsvSpec {
    pub(super) fn is_default(&self) -> bool {
        self == &Self::default()
    }
}

/// A cell that holds several values, under `[[schema.unpack]]`.
///
/// ```text
/// { column = "impressions", rows = { separator = " ", part_separator = "-", columns = ["item", "clicked"] } }     a row each
///   "N1-0 N2-1"  →  two rows: item N1, clicked 0; item N2, clicked 1
/// { column = "features", fields = { separator = "\u0001", name_end = "\u0002", value_end = "\u0003" } }            a column each
///   "205␂40␃1.0␁206␂7␃1.0"  →  columns features.205 = 40, features.206 = 7
/// { column = "genres", list = { separator = "|", first = 3 } }                                                     columns genres.1 … genres.3
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unpack {
    /// The column of the file.
    pub column: String,
    /// How it is taken apart.
    #[serde(flatten)]
    pub packed: Packed,
}

/// How a cell's values are packed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packed {
    /// Each value is a row of its own, with parts that are columns. At most one per schema.
    Rows {
        /// Between two values.
        separator: String,
        /// Between two parts of a value.
        part_separator: String,
        /// Names of the parts.
        columns: Vec<String>,
    },
    /// Each value names its column; the column is `<column>.<name>`.
    Fields {
        /// Between two values.
        separator: String,
        /// Behind the name.
        name_end: String,
        /// Behind the value; what follows it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value_end: Option<String>,
        /// The names that become columns.
        names: Vec<String>,
    },
    /// Values in order; the first ones become columns `<column>.1`, `<column>.2`, …
    List {
        /// Between two values.
        separator: String,
        /// How many become columns, ≥ 1.
        first: usize,
    },
}
