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
//! 2. **Fit.** [`TableEncoder::fit`] reads the train rows once: values by frequency, means and deviations or quantiles.
//!    What occurs too seldom, or not at all, is row 0 of its embedding table. Rows held out are not looked at.
//! 3. **Encode.** [`TableEncoder::encode`] turns a part of the files into a [`Batch`](crate::Batch), whole;
//!    [`TableEncoder::for_each_batch`] does so piece by piece, for tables larger than memory;
//!    [`TableEncoder::encode_row`] takes a live row, bit for bit the same.
//!
//! A column of numbers may have empty cells, which are missing numbers. Empty cells of categorical columns are refused
//! by the reader: write a word for them, such as `?`, which is then a value like any other.

mod check;
mod columns;
mod encode;
mod encoder;
mod exact;
mod fit;
mod hash;
mod number;
mod part;
mod quantile;
mod spec;
mod vocabulary;

pub use encoder::TableEncoder;
pub use part::{Part, TablePart};
pub use spec::{
    CategoricalColumn, LabelKind, NumericColumn, NumericTransform, TableLabel, TableMask, TableSpec, TableTask,
    ValidationSpec,
};
