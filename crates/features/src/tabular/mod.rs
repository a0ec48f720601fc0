//! Flat tables: declared in a config, fitted on train rows only, encoded from files and live rows alike.
//!
//! ```text
//! workclass  age  income              ids  dense            labels
//! Private     38   >50K    ──▶        [1]  [ 0.4]           [1]  weight [1]
//! ?           25   <=50K              [4]  [-0.9]           [0]         [1]
//! ```
//!
//! 1. **Declare.** A [`TableSpec`] names the files, the columns that are features, and the tasks. A column that is a
//!    label cannot be a feature.
//! 2. **Fit.** [`TableEncoder::fit`] reads the train rows once: values by frequency, means and deviations or quantiles, sums
//!    of labels. What occurs too seldom, or not at all, is row 0 of its embedding table, or one of a few rows to which such
//!    values are hashed. Rows held out are not looked at.
//! 3. **Encode.** [`TableEncoder::encode`] turns a part of the files into a [`Batch`](crate::Batch), whole;
//!    [`TableEncoder::for_each_batch`] does so piece by piece, for tables larger than memory;
//!    [`TableEncoder::encode_row`] takes a live row, bit for bit the same.
//! 4. **Keep.** [`TableEncoder::save`] and [`TableEncoder::load`] store it with the model; [`ServedStatistics`] tells how far
//!    the rows that it serves have moved from those that it was fitted on.
//!
//! # Features
//!
//! | key | reads | becomes |
//! |---|---|---|
//! | `categorical` | text, integers | a row of an embedding table, by vocabulary or hash |
//! | `categorical` with cuts | numbers | the row of the bucket |
//! | `numeric` | numbers | a normalised dense value |
//! | `cross` | two to four columns as text | a row for the values together |
//! | `calendar` | microseconds since 1970 UTC | rows for hour, weekday, day of the month, month; sine and cosine of the time of day |
//! | `target` | one to four columns as text | a dense value: how their value was labelled, out of fold |
//! | `vector` | lists of numbers | as many dense values |
//!
//! [`propose`] declares them for a table of which only the columns are known.
//!
//! # Missing values
//!
//! An empty cell, and a null of Parquet, is a missing value. Of a categorical column it is a value like any other, with a row
//! of its own if it occurs often enough; hashed columns, buckets of numbers and calendars keep row 0 for it. A missing number
//! or vector is 0, and a further dense value says so if train rows lack it too. A missing label is refused, unless the task
//! declares `missing = "mask"`. Columns of integers and booleans of Parquet are numbers or text as the feature asks; as text
//! they are decimal digits, `true` and `false`, and a live row must give the same text.

mod bucket;
mod calendar;
mod cells;
mod check;
mod columns;
mod combination;
mod encode;
mod encoder;
mod exact;
mod fit;
mod hash;
mod input;
mod labels;
mod live;
mod number;
mod part;
mod propose;
mod quantile;
mod save;
mod skew;
mod spec;
mod statistics;
mod target;
mod vector;
mod vocabulary;

pub use encoder::TableEncoder;
pub use part::{Part, TablePart};
pub use propose::{ColumnKind, ProposedColumn, propose};
pub use skew::{Change, ServedStatistics, Skew};
pub use spec::{
    CalendarColumn, CalendarPart, CategoricalColumn, CrossColumn, LabelKind, MissingLabel, NumericColumn,
    NumericTransform, TableLabel, TableMask, TableSpec, TableTask, TargetColumn, ValidationSpec, VectorColumn,
    VectorScale,
};
pub use statistics::{FeatureStatistics, TrainStatistics};
