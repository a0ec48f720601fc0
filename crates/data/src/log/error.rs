//! What can go wrong between files and clean rows: each message names the place and the mend.

use std::io;
use std::path::PathBuf;

/// A mapping that does not hold, files that cannot be read, or data that is worse than declared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A key of the mapping has an unusable value.
    #[error("{key}: {value}: {mend}")]
    Config {
        /// The key, such as `schema.time.unit`.
        key: String,
        /// What stands there.
        value: String,
        /// What must stand there.
        mend: String,
    },
    /// A file cannot be used as a whole.
    #[error("{}: {problem}; {mend}", path.display())]
    File {
        /// The file, folder or pattern.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// The system does not let a file through.
    #[error("{}: {action}: {source}; {mend}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "cannot read it", "cannot write it".
        action: &'static str,
        /// What the system says.
        source: io::Error,
        /// What to do.
        mend: &'static str,
    },
    /// A mapped column is not in a file's header.
    #[error("{}: no column `{column}` for {key} (there are: {known}){hint}; mend the name", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The key that names the column.
        key: String,
        /// The column asked for.
        column: String,
        /// The columns that exist.
        known: String,
        /// ", did you mean `…`?" or nothing.
        hint: String,
    },
    /// More rows break rules than allowed.
    #[error(
        "{quarantined} of {read} rows break a rule, more than the share of {allowed} that schema.rules.max_quarantined_share allows: {most}; see {}",
        quarantine.display()
    )]
    TooManyQuarantined {
        /// Rows set aside.
        quarantined: u64,
        /// Rows read.
        read: u64,
        /// The declared share.
        allowed: f64,
        /// The commonest rules with counts and an example.
        most: String,
        /// Where the rows are kept.
        quarantine: PathBuf,
    },
    /// No row is left.
    #[error("{what}: no row is left of {read} read; {mend}")]
    NoRows {
        /// The stage or part.
        what: String,
        /// Rows read.
        read: u64,
        /// What to do.
        mend: String,
    },
    /// A plan fails in the data engine.
    #[error("{what}: {source}")]
    Engine {
        /// What the plan was to do.
        what: String,
        /// What the engine says.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// An artefact cannot be written.
    #[error(transparent)]
    Artefact(#[from] crate::error::Error),
}

impl LogError {
    /// A key with an unusable value.
    pub(crate) fn config(key: impl Into<String>, value: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Config { key: key.into(), value: value.into(), mend: mend.into() }
    }
}
