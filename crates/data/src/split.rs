//! `Split`: train, validation and test by the day on which a session begins, declared under `[split]`.
//!
//! ```text
//! sessions   [ 0 ........ | ........ | ........ n )
//! days         train     ^validation_from     ^test_from
//! ```
//!
//! Sessions are sorted by day, so each part is one range of sessions, and hence of slates and of impressions. A session is never divided;
//! what is fitted on train sees no session that begins on or after `validation_from`.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::error::Error;
use crate::impression_log::ImpressionLog;

/// The first days of validation and test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// First day of the validation part, `YYYY-MM-DD`; train is all before.
    pub validation_from: Day,
    /// First day of the test part, `YYYY-MM-DD`.
    pub test_from: Day,
}

/// Ranges of sessions, one after the other, that cover the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What models are fitted on.
    pub train: Range<u32>,
    /// What choices are made on.
    pub validation: Range<u32>,
    /// What is reported on.
    pub test: Range<u32>,
}

impl SplitConfig {
    /// Splits a log.
    ///
    /// # Errors
    /// [`Error::Config`] if the days stand the wrong way round, [`Error::EmptyPart`] if a part holds no session.
    pub fn split(&self, log: &ImpressionLog) -> Result<Split, Error> {
        let Self { validation_from, test_from } = *self;
        if validation_from >= test_from {
            let mend = format!("must lie after split.validation_from = {validation_from}");
            return Err(Error::config("split.test_from", test_from, mend));
        }
        let first_on = |day: Day| log.session_day.partition_point(|&begun| begun < day.number()) as u32;
        let (validation, test, end) = (first_on(validation_from), first_on(test_from), log.sessions() as u32);
        let split = Split { train: 0..validation, validation: validation..test, test: test..end };
        for (part, sessions, key) in [
            ("train", &split.train, format!("split.validation_from = {validation_from}")),
            ("validation", &split.validation, format!("split.validation_from = {validation_from}")),
            ("test", &split.test, format!("split.test_from = {test_from}")),
        ] {
            if sessions.is_empty() {
                let days = log.days().map(|days| format!("{} to {}", days.start(), days.end()));
                return Err(Error::EmptyPart { part, key, days: days.unwrap_or_else(|| "no day".to_owned()) });
            }
        }
        Ok(split)
    }
}

impl Split {
    /// The parts with their names, in order of time.
    pub fn parts(&self) -> [(&'static str, Range<u32>); 3] {
        [("train", self.train.clone()), ("validation", self.validation.clone()), ("test", self.test.clone())]
    }

    /// Whether every session of `log` is in exactly one part, and no part holds a day as late as the next part's first: looks at every session.
    pub fn is_chronological(&self, log: &ImpressionLog) -> bool {
        let covers = self.train.start == 0
            && self.train.end == self.validation.start
            && self.validation.end == self.test.start
            && self.test.end as usize == log.sessions();
        let days = self.parts().map(|(_, sessions)| log.days_in(&sessions));
        let apart = days.windows(2).all(|pair| match (&pair[0], &pair[1]) {
            (Some(earlier), Some(later)) => earlier.end() < later.start(),
            _ => false,
        });
        covers && apart
    }
}
