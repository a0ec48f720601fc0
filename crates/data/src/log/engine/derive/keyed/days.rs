//! Windows: the counts of each key's days.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, Int64Builder};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;

use super::{Keys, NONE, yes};
use crate::log::engine::derive::live::{day_of, rate};
use crate::log::engine::derive::spec::WindowSpec;

/// The counts of each slot's days and their sums: rows first, then one per feedback. What a row asks for lies side by side.
///
/// ```text
/// numbers of a slot:   today | oldest day remembered | sums of the days before, 1 + F | counts of today, 1 + F
/// ```
pub(super) struct Days<'a> {
    spec: &'a WindowSpec,
    by: usize,
    numbers: Vec<i64>,
    /// Per slot, earlier days of the window: each the day and its counts.
    days: Vec<VecDeque<i64>>,
    /// Numbers in `days`.
    remembered: usize,
}

const TODAY: usize = 0;
const OLDEST: usize = 1;
const SUMS: usize = 2;
const NO_DAY: i64 = i64::MAX;

impl<'a> Days<'a> {
    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        8 * self.numbers.capacity() + 32 * self.days.capacity() + 8 * self.remembered
    }

    pub(super) fn new(spec: &'a WindowSpec, by: usize) -> Self {
        Self { spec, by, numbers: Vec::new(), days: Vec::new(), remembered: 0 }
    }

    /// Makes `day` the day of a slot, and lets days go that its window has left; its sums and its counts.
    fn begin(&mut self, slot: usize, day: i64) -> (&mut [i64], &mut [i64]) {
        let width = 1 + self.spec.feedback.len();
        let stride = SUMS + 2 * width;
        let numbers = &mut self.numbers[slot * stride..][..stride];
        let (head, numbers) = numbers.split_at_mut(SUMS);
        let (sums, counts) = numbers.split_at_mut(width);
        if head[TODAY] != day {
            if counts[0] > 0 {
                let days = &mut self.days[slot];
                days.push_back(head[TODAY]);
                days.extend(counts.iter());
                self.remembered += 1 + width;
                head[OLDEST] = head[OLDEST].min(head[TODAY]);
                sums.iter_mut().zip(&mut *counts).for_each(|(sum, count)| *sum += std::mem::take(count));
            }
            head[TODAY] = day;
        }
        let first = day - i64::from(self.spec.days);
        if head[OLDEST] < first {
            let days = &mut self.days[slot];
            while days.pop_front_if(|gone| *gone < first).is_some() {
                sums.iter_mut().zip(days.drain(..width)).for_each(|(sum, count)| *sum -= count);
                self.remembered -= 1 + width;
            }
            head[OLDEST] = days.front().copied().unwrap_or(NO_DAY);
        }
        (sums, counts)
    }

    pub(super) fn columns(
        &mut self,
        batch: &RecordBatch,
        at: &[Option<i64>],
        keys: &[Keys<'_>],
        out: &mut Vec<ArrayRef>,
    ) -> Result<(), DataFusionError> {
        let (slots, width) = (keys[self.by].names.len(), 1 + self.spec.feedback.len());
        self.days.resize(slots, VecDeque::new());
        let stride = SUMS + 2 * width;
        while self.numbers.len() < slots * stride {
            self.numbers.extend([i64::MIN, NO_DAY]);
            self.numbers.resize(self.numbers.len() + 2 * width, 0);
        }
        let feedback = self.spec.feedback.iter().map(|name| yes(batch, name)).collect::<Result<Vec<_>, _>>()?;
        let mut sums: Vec<_> = (0..width).map(|_| Int64Builder::with_capacity(at.len())).collect();
        let mut rates: Vec<_> = feedback.iter().map(|_| Float64Builder::with_capacity(at.len())).collect();
        for (row, (at, &slot)) in at.iter().zip(&keys[self.by].slots).enumerate() {
            let (Some(now), true) = (*at, slot != NONE) else {
                sums.iter_mut().for_each(Int64Builder::append_null);
                rates.iter_mut().for_each(Float64Builder::append_null);
                continue;
            };
            let (found, counts) = self.begin(slot as usize, day_of(now));
            sums.iter_mut().zip(&*found).for_each(|(sums, sum)| sums.append_value(*sum));
            rates.iter_mut().zip(&found[1..]).for_each(|(rates, yes)| rates.append_option(rate(*yes, found[0])));
            counts[0] += 1;
            counts[1..].iter_mut().zip(&feedback).for_each(|(count, yes)| *count += i64::from(yes[row]));
        }
        let mut rates = rates.into_iter();
        for (place, mut sums) in sums.into_iter().enumerate() {
            out.push(Arc::new(sums.finish()));
            // Rows have no rate.
            let rate = if place > 0 { rates.next() } else { None };
            out.extend(rate.map(|mut rates| Arc::new(rates.finish()) as ArrayRef));
        }
        Ok(())
    }
}
