//! Features made of columns: crosses, parts of a time, statistics of labels, vectors.

use serde::{Deserialize, Serialize};

use super::columns::one;

/// The values of two to four columns together, as one value; empty cells are values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossColumn {
    /// Their names in the header.
    pub columns: Vec<String>,
    /// Name of the field and of its embedding table; the columns' with `_x_` between them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Embedding width, ≥ 1.
    pub width: usize,
    /// Combinations that occur in fewer train rows share row 0 with the unknown ones.
    #[serde(default = "one")]
    pub min_count: u64,
    /// Hash combinations to this many rows, ≥ 1, rather than keep a vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
}

/// A column of times, in microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarColumn {
    /// Its name in the header; fields are called `<column>_hour` and so on.
    pub column: String,
    /// Parts that become fields, with an embedding table each.
    #[serde(default)]
    pub parts: Vec<CalendarPart>,
    /// Embedding width, ≥ 1.
    #[serde(default = "four")]
    pub width: usize,
    /// Two dense values, `<column>_sin` and `<column>_cos` of the time of day as an angle; both 0 where it is missing.
    #[serde(default)]
    pub cyclic: bool,
    /// Hours that the clocks of the place are ahead of UTC, −26 to 26; a place's summer time is not followed.
    #[serde(default)]
    pub utc_offset_hours: f64,
}

fn four() -> usize {
    4
}

/// A part of a date and time; row 0 is a missing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarPart {
    /// 0 to 23 → rows 1 to 24.
    Hour,
    /// Monday to Sunday → rows 1 to 7.
    Weekday,
    /// 1 to 31 → rows 1 to 31.
    DayOfMonth,
    /// January to December → rows 1 to 12.
    Month,
}

/// How the train rows of one value, or of values of several columns together, were labelled: one dense value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetColumn {
    /// The column; or `columns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// One to four columns, whose values count together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The task whose labels are summed up.
    pub task: String,
    /// Name of the dense value; the columns' with `_x_` between them, `_` and the task's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many rows of the average label are added to each value's, > 0: rare values stay near the average.
    #[serde(default = "prior_rows")]
    pub prior_rows: f64,
    /// Into how many folds the train rows are dealt, 2 to 100.
    #[serde(default = "folds")]
    pub folds: u32,
    /// Decides the fold of each row.
    #[serde(default)]
    pub seed: u64,
    /// Column whose rows of one value fall into one fold, such as the user; each row for itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

fn prior_rows() -> f64 {
    20.0
}

fn folds() -> u32 {
    5
}

/// A column of vectors, such as embeddings of an item's text or picture: a list of Parquet, or text such as `[0.1, -2]`.
///
/// A missing vector is all zeros. If it is missing in any train row, a dense value `<column>_missing` says so with 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorColumn {
    /// Its name in the header; dense values are called `<column>_0` and so on.
    pub column: String,
    /// Numbers in each vector, ≥ 1.
    pub width: u32,
    /// How they are normalised.
    #[serde(default)]
    pub scale: VectorScale,
}

/// How a vector is normalised, by the train rows that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorScale {
    /// (x − mean) / deviation, number by number.
    #[default]
    Standard,
    /// x · √width / mean length: angles are kept, and numbers are of size 1.
    MeanNorm,
}

impl CrossColumn {
    /// Columns with a vocabulary of all their combinations in the train rows.
    pub fn new<C: Into<String>>(columns: impl IntoIterator<Item = C>, width: usize) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), width, min_count: 1, ..Self::default() }
    }

    /// The field's name.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.columns.join("_x_"))
    }
}

impl CalendarColumn {
    /// A column with these parts.
    pub fn new(column: impl Into<String>, parts: impl Into<Vec<CalendarPart>>) -> Self {
        Self { column: column.into(), parts: parts.into(), width: four(), ..Self::default() }
    }
}

impl CalendarPart {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Weekday, Self::DayOfMonth, Self::Month];

    /// As in the config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Weekday => "weekday",
            Self::DayOfMonth => "day_of_month",
            Self::Month => "month",
        }
    }
}

impl TargetColumn {
    /// The labels of a task by the values of some columns together.
    pub fn new<C: Into<String>>(columns: impl IntoIterator<Item = C>, task: impl Into<String>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            task: task.into(),
            prior_rows: prior_rows(),
            folds: folds(),
            ..Self::default()
        }
    }

    /// The columns, whichever key names them.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        self.column.iter().chain(&self.columns)
    }

    /// The dense value's name.
    pub fn name(&self) -> String {
        let columns: Vec<&str> = self.columns().map(String::as_str).collect();
        self.name.clone().unwrap_or_else(|| format!("{}_{}", columns.join("_x_"), self.task))
    }
}

impl VectorColumn {
    /// A column of vectors of so many numbers.
    pub fn new(column: impl Into<String>, width: u32) -> Self {
        Self { column: column.into(), width, ..Self::default() }
    }
}
