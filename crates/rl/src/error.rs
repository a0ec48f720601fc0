//! What can go wrong in this crate by a user's doing: a setting out of its range, or sessions that hold nothing to learn from.

/// A setting or a range of sessions that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number in the config is out of its range.
    #[error("{key}: {problem}")]
    BadSetting {
        /// Full key in the config.
        key: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// A range of sessions without what is needed from it.
    #[error("{purpose}: sessions {start}..{end} hold no {missing}; widen that part of data.split")]
    NoSessions {
        /// What the sessions were wanted for.
        purpose: &'static str,
        /// First session.
        start: u32,
        /// One past the last session.
        end: u32,
        /// What they lack.
        missing: &'static str,
    },
    /// A table that is not a Markov decision process.
    #[error("{place}: {problem}")]
    InvalidMdp {
        /// State and action, or the entry of the file.
        place: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// A transition of a log that cannot be one.
    #[error("transition {row}: {problem}")]
    BadTransition {
        /// Its place in the log, from 0.
        row: usize,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// Sweeps over a table that do not come to rest.
    #[error(
        "after {sweeps} sweeps values still change by {change:e}: choose a discount below {discount}, allow more sweeps, \
         or see that every state can reach an end"
    )]
    NotConverged {
        /// Sweeps made.
        sweeps: usize,
        /// Largest change in the last of them.
        change: f64,
        /// The discount they were made with.
        discount: f64,
    },
    /// A saved state cannot be written or read.
    #[error(transparent)]
    State(#[from] slatewise_model::Error),
    /// A saved state is another learner's.
    #[error("{}: saved with {what} = {saved}, but the learner to go on with has {ours}: make it with the same settings", path.display())]
    OtherLearner {
        /// The directory.
        path: std::path::PathBuf,
        /// The setting that differs.
        what: &'static str,
        /// Its value there.
        saved: String,
        /// Its value here.
        ours: String,
    },
}

impl Error {
    /// A `BadSetting` unless `holds`.
    pub(crate) fn unless(holds: bool, key: &str, name: &str, problem: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::BadSetting { key: format!("{key}.{name}"), problem: problem() }) }
    }
}
