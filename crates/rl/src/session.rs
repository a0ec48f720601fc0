//! `SessionState` and `Response`: what is known of a visit, and what the visitor did.
//!
//! ```text
//! state     context (country, ...), day, history [first click, ..., last click]     at least one click
//! action    the listing (page) to show next                                         an index into Catalogue::listings
//! response  the visitor leaves, or clicks one item of that listing
//! ```
//!
//! The first click of a session is where the decisions begin: the log does not say what was shown before it.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use slatewise_data::ImpressionLog;

use crate::error::Error;

/// A visit so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionState {
    /// Code per context column, in the order of `ImpressionLog::context`.
    pub context: Vec<u32>,
    /// Days since 1970-01-01.
    pub day: i32,
    /// Items clicked so far, the last one last; never empty.
    pub history: Vec<u32>,
}

/// What the visitor did with the listing that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// Left the shop; the session is over.
    Left,
    /// Clicked this item.
    Clicked(u32),
}

impl SessionState {
    /// The item clicked last.
    pub fn last_item(&self) -> u32 {
        let Some(&item) = self.history.last() else { unreachable!("a session state holds its first click") };
        item
    }

    /// Number of clicks so far, at least 1.
    pub fn depth(&self) -> usize {
        self.history.len()
    }

    /// Becomes session `session` of the log before its first click, keeping the memory; the caller pushes the clicks.
    pub(crate) fn begin(&mut self, log: &ImpressionLog, session: u32) {
        self.context.clear();
        self.context.extend(log.context.iter().map(|column| column.code[session as usize]));
        self.day = log.session_day[session as usize];
        self.history.clear();
    }
}

/// First clicks of logged sessions: where simulated sessions start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StartStates {
    columns: usize,
    context: Vec<u32>,
    day: Vec<i32>,
    item: Vec<u32>,
}

impl StartStates {
    /// The starts of a range of sessions.
    ///
    /// # Errors
    /// The range holds no session with a click.
    pub fn from_log(log: &ImpressionLog, sessions: Range<u32>) -> Result<Self, Error> {
        let mut starts = Self { columns: log.context.len(), ..Self::default() };
        for session in sessions.clone() {
            let Some(&item) = log.choices_of(session).first() else { continue };
            starts.context.extend(log.context.iter().map(|column| column.code[session as usize]));
            starts.day.push(log.session_day[session as usize]);
            starts.item.push(item);
        }
        if starts.is_empty() {
            let Range { start, end } = sessions;
            return Err(Error::NoSessions { purpose: "start states", start, end, missing: "click" });
        }
        Ok(starts)
    }

    /// Number of starts.
    pub fn len(&self) -> usize {
        self.item.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.item.is_empty()
    }

    /// Makes `state` a start drawn uniformly; one draw.
    pub(crate) fn draw(&self, state: &mut SessionState, rng: &mut ChaCha8Rng) {
        let index = rng.random_range(0..self.item.len());
        state.context.clear();
        state.context.extend_from_slice(&self.context[index * self.columns..(index + 1) * self.columns]);
        state.day = self.day[index];
        state.history.clear();
        state.history.push(self.item[index]);
    }
}
