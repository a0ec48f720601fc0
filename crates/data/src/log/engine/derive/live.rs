//! The same derived values for one request, from the past that a service keeps: pure functions over small slices.
//!
//! ```
//! use slatewise_data::log::engine::live::{DayCounts, Event, history, recency, window};
//!
//! let minute = 60_000_000;
//! let events = [
//!     Event { at: 1 * minute, value: "A1", kind: Some(0) },
//!     Event { at: 3 * minute, value: "B2", kind: None },
//!     Event { at: 4 * minute, value: "C3", kind: Some(1) },
//! ];
//! // At minute 4 the event of minute 4 is not yet past.
//! let seen: Vec<_> = history(&events, 4 * minute, 5).collect();
//! assert_eq!((seen[0].value, seen[0].age_at(4 * minute), seen[1].value), ("B2", 60.0, "A1"));
//! assert_eq!(recency(&[1 * minute, 3 * minute, 4 * minute], 4 * minute).rows_before, 2);
//!
//! let days = [DayCounts { day: 10, rows: 4, feedback: vec![1] }, DayCounts { day: 11, rows: 9, feedback: vec![9] }];
//! let counts = window(&days, 11 * 86_400_000_000, 7, 1);
//! assert_eq!((counts.rows, counts.rate(0)), (4, Some(0.25)));
//! ```

use super::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};

/// Something in the past of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// When: microseconds since 1970-01-01 UTC; the number of the row where the log has no time.
    pub at: i64,
    /// What.
    pub value: &'a str,
    /// Its strongest feedback, as an index into the history's feedbacks; none where all are 0.
    pub kind: Option<u8>,
}

impl Event<'_> {
    /// Seconds from the event to `now`, both in microseconds.
    pub fn age_at(&self, now: i64) -> f64 {
        seconds(self.at, now)
    }
}

/// The last `last` events before `now`, the latest first; `events` stand in the order in which they happened.
pub fn history<'e, 'a>(events: &'e [Event<'a>], now: i64, last: usize) -> impl Iterator<Item = &'e Event<'a>> {
    events.iter().rev().filter(move |event| event.at < now).take(last)
}

/// Since when, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recency {
    /// Seconds since the last earlier row; none for the first.
    pub since_last: Option<f64>,
    /// Earlier rows.
    pub rows_before: i64,
}

/// Recency at `now` among a key's rows at these times, which ascend; microseconds.
pub fn recency(times: &[i64], now: i64) -> Recency {
    let before = times.partition_point(|&time| time < now);
    let last = before.checked_sub(1).map(|at| seconds(times[at], now));
    Recency { since_last: last, rows_before: before as i64 }
}

/// What a key had on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCounts {
    /// UTC days since 1970-01-01.
    pub day: i64,
    /// Rows.
    pub rows: i64,
    /// Per feedback of the window, the rows where it is 1.
    pub feedback: Vec<i64>,
}

/// Counts over the days of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowCounts {
    /// Rows.
    pub rows: i64,
    /// Per feedback, the rows where it is 1.
    pub feedback: Vec<i64>,
}

impl WindowCounts {
    /// The share of rows where a feedback is 1; none without rows.
    pub fn rate(&self, feedback: usize) -> Option<f64> {
        rate(self.feedback[feedback], self.rows)
    }
}

/// Counts of the `length` days before the day of `now` (microseconds), for a window of `feedbacks` feedbacks.
pub fn window(days: &[DayCounts], now: i64, length: u32, feedbacks: usize) -> WindowCounts {
    let today = day_of(now);
    let mut counts = WindowCounts { rows: 0, feedback: vec![0; feedbacks] };
    for day in days.iter().filter(|day| (today - i64::from(length)..today).contains(&day.day)) {
        counts.rows += day.rows;
        counts.feedback.iter_mut().zip(&day.feedback).for_each(|(sum, count)| *sum += count);
    }
    counts
}

/// UTC days since 1970-01-01, rounded down.
pub fn day_of(microseconds: i64) -> i64 {
    microseconds.div_euclid(MICROSECONDS_PER_DAY)
}

/// Seconds between two times in microseconds.
pub(super) fn seconds(then: i64, now: i64) -> f64 {
    now.wrapping_sub(then) as f64 / MICROSECONDS_PER_SECOND
}

/// Yes per row, none without rows.
pub(super) fn rate(yes: i64, rows: i64) -> Option<f64> {
    (rows > 0).then(|| yes as f64 / rows as f64)
}
