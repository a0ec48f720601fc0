//! What can go wrong while features are declared, fitted, encoded and stored.

use std::io;
use std::path::PathBuf;

use slatewise_data::table::TableError;

/// A declaration that does not fit the log or table, an encoder that does not fit the catalogue, or a file of rows that
/// cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two features carry one name.
    #[error("features: the name `{name}` is used twice; rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A feature names an attribute that the schema does not read.
    #[error(
        "features.{feature}: no {kind} `{name}` in the log (there are: {known}); add it to data.schema or mend the name"
    )]
    UnknownColumn {
        /// The feature.
        feature: String,
        /// "item attribute" or "context column".
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// Fields of different meaning share one embedding table.
    #[error(
        "features.{feature}: its values are {domain}, but table `{table}` already holds {held}; give it a table of its own"
    )]
    TableDomain {
        /// The feature.
        feature: String,
        /// Its domain.
        domain: String,
        /// The table.
        table: String,
        /// The domain that the table holds.
        held: String,
    },
    /// A number in the declaration is out of its range.
    #[error("features.{feature}: {problem}")]
    BadSetting {
        /// The feature.
        feature: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// No feature at all.
    #[error("features: none is declared; add at least one under [[features.categorical]] or [[features.dense]]")]
    Empty,
    /// No rows to fit on.
    #[error("features: there are no train rows to fit on; move data.split.validation_from later")]
    NoTrainRows,
    /// A loader setting is out of its range.
    #[error("loader.{key}: {problem}")]
    BadLoader {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// An encoder meets a catalogue that it was not fitted on.
    #[error(
        "encoder: it was fitted on {fitted} {what}, but the log has {found}; train again or use the log of the training"
    )]
    ForeignCatalogue {
        /// "items", "listings", ...
        what: &'static str,
        /// How many at fitting.
        fitted: usize,
        /// How many now.
        found: usize,
    },
    /// A key under `[table]` does not hold.
    #[error("{key}: {problem}; {mend}")]
    BadTable {
        /// The key.
        key: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// A table that cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A cell that can be read and not used.
    #[error("{place}: {problem}; {mend}")]
    BadCell {
        /// File, row, line and column.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: &'static str,
    },
    /// A saved encoder that cannot be used.
    #[error("{}: {problem}; {mend}", path.display())]
    EncoderFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: &'static str,
    },
    /// An artefact that could not be written.
    #[error(transparent)]
    Artefact(#[from] slatewise_data::Error),
    /// A file of rows that is damaged, cut, or that of another encoder.
    #[error("{}: {problem}; {mend}", path.display())]
    RowFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: &'static str,
    },
    /// A file of rows that the system does not let through.
    #[error("{}: cannot {doing} it: {source}; {mend}", path.display())]
    RowFileSystem {
        /// The file.
        path: PathBuf,
        /// "open", "read" or "write".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
        /// What to do.
        mend: &'static str,
    },
    /// An encoder or header that cannot be written as JSON.
    #[error("cannot write as JSON: {source}; mend the names of columns and tasks")]
    Json {
        /// What the writer said.
        source: serde_json::Error,
    },
    /// No thread to prefetch on.
    #[error("no thread to read ahead on: {source}; end other programs or raise the limit of threads")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}
