//! `ImpressionLog`: who was shown what, where, and what they did; columns, not rows.
//!
//! ```text
//! sessions   [ s0               | s1      | ... ]      one visit
//! slates     [ l0   l1   l2     | l3  l4  | ... ]      one page shown, one choice made
//! impressions[ i i i|i i i i|i i| i i|i i i| ...]      one item at one position
//! ```
//!
//! A session owns a range of slates, a slate a range of impressions. Item, listing and context values are indices (see `Catalogue` and `ContextColumn`).

use std::ops::{Range, RangeInclusive};

use crate::catalogue::Catalogue;
use crate::day::Day;

/// The cleaned log with its rebuilt impressions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImpressionLog {
    /// What the items are.
    pub catalogue: Catalogue,
    /// Categorical context per session (country, ...).
    pub context: Vec<ContextColumn>,
    /// Outside session id.
    pub session_ids: Vec<String>,
    /// Days since 1970-01-01 on which the session began; sessions are in ascending (day, file order).
    pub session_day: Vec<i32>,
    /// Slate range of session `s` is `session_offset[s]..session_offset[s + 1]`.
    pub session_offset: Vec<u32>,
    /// Listing shown, per slate.
    pub slate_listing: Vec<u32>,
    /// Item chosen, per slate.
    pub slate_choice: Vec<u32>,
    /// Impression range of slate `l` is `slate_offset[l]..slate_offset[l + 1]`.
    pub slate_offset: Vec<u32>,
    /// Item shown, per impression.
    pub item: Vec<u32>,
    /// Place on the page, per impression.
    pub position: Vec<u16>,
    /// Whether it was clicked, per impression.
    pub click: Vec<bool>,
    /// Probability with which the logging policy showed the item, where it was logged.
    pub propensity: Option<Vec<f32>>,
}

/// A categorical column with one value per session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextColumn {
    /// Column name in the log.
    pub name: String,
    /// Distinct values, ascending.
    pub values: Vec<String>,
    /// Per session, an index into `values`.
    pub code: Vec<u32>,
}

/// One row of the log, looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impression {
    /// Session index.
    pub session: u32,
    /// Slate index.
    pub slate: u32,
    /// Item index.
    pub item: u32,
    /// Place on the page.
    pub position: u16,
    /// Whether it was clicked.
    pub click: bool,
}

impl ImpressionLog {
    /// Number of sessions.
    pub fn sessions(&self) -> usize {
        self.session_day.len()
    }

    /// Number of slates.
    pub fn slates(&self) -> usize {
        self.slate_choice.len()
    }

    /// Number of impressions.
    pub fn impressions(&self) -> usize {
        self.item.len()
    }

    /// The slates of a session, in order.
    pub fn slates_of(&self, session: u32) -> Range<u32> {
        self.session_offset[session as usize]..self.session_offset[session as usize + 1]
    }

    /// The impressions of a slate, in order of position.
    pub fn impressions_of(&self, slate: u32) -> Range<u32> {
        self.slate_offset[slate as usize]..self.slate_offset[slate as usize + 1]
    }

    /// The items clicked in a session, in order.
    pub fn choices_of(&self, session: u32) -> &[u32] {
        let slates = self.slates_of(session);
        &self.slate_choice[slates.start as usize..slates.end as usize]
    }

    /// The session that owns a slate.
    pub fn session_of(&self, slate: u32) -> u32 {
        self.session_offset.partition_point(|&start| start <= slate) as u32 - 1
    }

    /// First and last day on which sessions begin; `None` without sessions.
    pub fn days(&self) -> Option<RangeInclusive<Day>> {
        let (first, last) = (self.session_day.first()?, self.session_day.last()?);
        Some(Day::from_number(*first)..=Day::from_number(*last))
    }

    /// First and last day on which sessions of a range begin, looking at each; `None` for an empty range.
    pub fn days_in(&self, sessions: &Range<u32>) -> Option<RangeInclusive<Day>> {
        let days = &self.session_day[sessions.start as usize..sessions.end as usize];
        Some(Day::from_number(*days.iter().min()?)..=Day::from_number(*days.iter().max()?))
    }

    /// The slates of a range of sessions, such as a part of a split.
    pub fn slates_in(&self, sessions: &Range<u32>) -> Range<u32> {
        self.session_offset[sessions.start as usize]..self.session_offset[sessions.end as usize]
    }

    /// The impressions of a range of sessions.
    pub fn impressions_in(&self, sessions: &Range<u32>) -> Range<u32> {
        let slates = self.slates_in(sessions);
        self.slate_offset[slates.start as usize]..self.slate_offset[slates.end as usize]
    }

    /// The slate that owns an impression, in logarithmic time.
    pub fn slate_of(&self, impression: u32) -> u32 {
        self.slate_offset.partition_point(|&start| start <= impression) as u32 - 1
    }

    /// An impression, looked at; finds its slate and session in logarithmic time.
    pub fn impression(&self, impression: u32) -> Impression {
        let slate = self.slate_of(impression);
        self.row(self.session_of(slate), slate, impression)
    }

    /// The impressions of a slate, looked at, in order of position.
    pub fn rows_of(&self, slate: u32) -> impl Iterator<Item = Impression> + '_ {
        let session = self.session_of(slate);
        self.impressions_of(slate).map(move |impression| self.row(session, slate, impression))
    }

    /// The impressions of a range of sessions, looked at, in order.
    pub fn rows_in<'a>(&'a self, sessions: &Range<u32>) -> impl Iterator<Item = Impression> + use<'a> {
        sessions.clone().flat_map(move |session| {
            self.slates_of(session).flat_map(move |slate| {
                self.impressions_of(slate).map(move |impression| self.row(session, slate, impression))
            })
        })
    }

    fn row(&self, session: u32, slate: u32, impression: u32) -> Impression {
        let row = impression as usize;
        Impression { session, slate, item: self.item[row], position: self.position[row], click: self.click[row] }
    }
}
