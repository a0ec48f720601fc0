//! `TimeSpec`: when a row happened, and in which unit the file says so.

use serde::{Deserialize, Serialize};

/// The time of a row: `column` with a unit or format, or the columns of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpec {
    /// The column; none where `date` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Columns of year, month and day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<[String; 3]>,
    /// Unit of a number; told from its size in the first rows unless declared, and a time in another unit is quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<TimeUnit>,
    /// Format of a text, as in `strftime`; ISO 8601 (`2008-04-01`, `2008-04-01 10:22:32`, with or without offset) unless
    /// declared. A time without an offset is UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// The unit of a time that is a number since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// 10⁰ s, with or without a fraction.
    Seconds,
    /// 10⁻³ s.
    Milliseconds,
    /// 10⁻⁶ s.
    Microseconds,
    /// 10⁻⁹ s.
    Nanoseconds,
    /// Whole days.
    Days,
}
