//! Windows: rows and feedbacks in the days before a row's own, 8 bytes each.
//!
//! ```text
//! day          1    2    3    4    5          a window of 3 days
//! rows         2         4    1    3
//! seen on 5          └── 0 + 4 + 1 ──┘        5 rows; those of day 5 themselves are left out, whatever their time
//! ```

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, BinaryArray, Float64Builder, Int64Builder};

use super::live::{day_of, rate};
use super::spec::WindowSpec;
use super::walk::{Walk, integer, take_integer};
use crate::log::engine::sql;

const DAYS: usize = 0;
const KEYS: usize = 1;
const AT: usize = 2;

/// The call.
pub(super) fn call(spec: &WindowSpec, at: &str) -> String {
    let columns = spec.by.columns().iter().chain(&spec.feedback);
    let (days, keys) = (spec.days, spec.by.columns().len());
    format!(
        "past_days(CAST({days} AS BIGINT), CAST({keys} AS BIGINT), {at}, {})",
        sql::names(columns.map(String::as_str))
    )
}

/// Keeps the counts of the window's days and their sums.
#[derive(Debug, Default)]
pub(super) struct PastDays {
    today: Day,
    days: VecDeque<Day>,
    sums: Vec<i64>,
}

/// Rows first, then one count per feedback.
#[derive(Debug, Default)]
struct Day {
    day: i64,
    counts: Vec<i64>,
}

impl Walk for PastDays {
    const NAME: &'static str = "past_days";
    const AT: usize = AT;

    fn keys(values: &[ArrayRef], row: usize) -> Range<usize> {
        AT + 1..AT + 1 + integer(&values[KEYS], row) as usize
    }

    fn forget(&mut self) {
        *self = Self::default();
    }

    fn step(&mut self, values: &[ArrayRef], row: usize, now: i64, out: &mut Vec<u8>) {
        let feedback = &values[Self::keys(values, row).end..];
        let day = day_of(now);
        if self.sums.is_empty() {
            self.sums = vec![0; 1 + feedback.len()];
            self.today = Day { day, counts: vec![0; 1 + feedback.len()] };
        }
        if day != self.today.day {
            let passed = std::mem::replace(&mut self.today, Day { day, counts: vec![0; 1 + feedback.len()] });
            self.sums.iter_mut().zip(&passed.counts).for_each(|(sum, count)| *sum += count);
            self.days.push_back(passed);
        }
        let first = day - integer(&values[DAYS], row);
        while let Some(gone) = self.days.pop_front_if(|gone| gone.day < first) {
            self.sums.iter_mut().zip(&gone.counts).for_each(|(sum, count)| *sum -= count);
        }
        out.extend(self.sums.iter().flat_map(|sum| sum.to_le_bytes()));
        self.today.counts[0] += 1;
        for (count, feedback) in self.today.counts[1..].iter_mut().zip(feedback) {
            *count += i64::from(integer(feedback, row) == 1);
        }
    }
}

/// The columns, from packed bytes.
pub(super) fn unpacked(spec: &WindowSpec, packed: &BinaryArray) -> Vec<ArrayRef> {
    let mut rows = Int64Builder::with_capacity(packed.len());
    let mut sums: Vec<_> =
        spec.feedback.iter().map(|_| (Int64Builder::new(), Float64Builder::with_capacity(packed.len()))).collect();
    for row in 0..packed.len() {
        let mut bytes = if packed.is_valid(row) { packed.value(row) } else { &[] };
        let count = take_integer(&mut bytes);
        rows.append_option(count);
        for (sum, share) in &mut sums {
            let yes = take_integer(&mut bytes);
            sum.append_option(yes);
            share.append_option(yes.zip(count).and_then(|(yes, rows)| rate(yes, rows)));
        }
    }
    let mut columns = vec![Arc::new(rows.finish()) as ArrayRef];
    for (mut sum, mut share) in sums {
        columns.extend([Arc::new(sum.finish()) as ArrayRef, Arc::new(share.finish())]);
    }
    columns
}
