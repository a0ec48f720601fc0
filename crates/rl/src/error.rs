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
}

impl Error {
    /// A `BadSetting` unless `holds`.
    pub(crate) fn unless(holds: bool, key: &str, name: &str, problem: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::BadSetting { key: format!("{key}.{name}"), problem: problem() }) }
    }
}
