//! `Outcome`: what follows a slate in its session; the raw matter of all labels but the click.
//!
//! ```text
//! session   A13   A16   B4
//! slate 0   continues, next item A16
//! slate 1   continues, next item B4
//! slate 2   ends: there is no next item
//! ```
//!
//! It looks ahead, so it is a label and never a feature.

use crate::impression_log::ImpressionLog;

/// What follows a slate in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Another click follows.
    pub continues: bool,
    /// The item of the next click, where there is one.
    pub next_item: Option<u32>,
    /// Whether the next click is on a premium item, where there is one.
    pub next_premium: Option<bool>,
}

impl ImpressionLog {
    /// What follows a slate; finds its session in logarithmic time.
    pub fn outcome(&self, slate: u32) -> Outcome {
        self.outcome_within(self.session_of(slate), slate)
    }

    /// What follows a slate of a known session, in constant time.
    pub fn outcome_within(&self, session: u32, slate: u32) -> Outcome {
        let next = slate + 1;
        let continues = self.slates_of(session).contains(&next);
        let next_item = continues.then(|| self.slate_choice[next as usize]);
        Outcome { continues, next_item, next_premium: next_item.map(|item| self.catalogue.premium[item as usize]) }
    }
}
