//! Windows: the counts of each key's days.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, Int64Builder};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;

use super::{Keys, NONE, yes};
use crate::log::engine::derive::live::{day_of, rate};
use crate::log::engine::derive::spec::WindowSpec;

/// The counts of each slot's days and their sums: rows first, then one per feedback.
pub(super) struct Days<'a> {
    spec: &'a WindowSpec,
    by: usize,
    /// Per slot the day that `counts` is of.
    today: Vec<i64>,
    /// `[slots, 1 + feedbacks]`
    counts: Vec<i64>,
    sums: Vec<i64>,
    /// Per slot, earlier days of the window: each the day and its counts.
    days: Vec<VecDeque<i64>>,
    /// Numbers in `days`.
    remembered: usize,
}

impl<'a> Days<'a> {
    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let of_slots = 8 * (self.sums.capacity() + self.counts.capacity()) + 40 * self.today.capacity();
        of_slots + 8 * self.remembered
    }

    pub(super) fn new(spec: &'a WindowSpec, by: usize) -> Self {
        let (today, counts, sums) = (Vec::new(), Vec::new(), Vec::new());
        Self { spec, by, today, counts, sums, days: Vec::new(), remembered: 0 }
    }

    /// Makes `day` the day of a slot, and lets days go that its window has left.
    fn begin(&mut self, slot: usize, day: i64) {
        let width = 1 + self.spec.feedback.len();
        let (days, counts) = (&mut self.days[slot], &mut self.counts[slot * width..][..width]);
        let sums = &mut self.sums[slot * width..][..width];
        if self.today[slot] != day {
            if counts[0] > 0 {
                days.push_back(self.today[slot]);
                days.extend(counts.iter());
                self.remembered += 1 + width;
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += std::mem::take(count));
            }
            self.today[slot] = day;
        }
        let first = day - i64::from(self.spec.days);
        while days.pop_front_if(|gone| *gone < first).is_some() {
            sums.iter_mut().zip(days.drain(..width)).for_each(|(sum, count)| *sum -= count);
            self.remembered -= 1 + width;
        }
    }

    pub(super) fn columns(
        &mut self,
        batch: &RecordBatch,
        at: &[Option<i64>],
        keys: &[Keys<'_>],
        out: &mut Vec<ArrayRef>,
    ) -> Result<(), DataFusionError> {
        let (slots, width) = (keys[self.by].names.len(), 1 + self.spec.feedback.len());
        self.today.resize(slots, i64::MIN);
        self.days.resize(slots, VecDeque::new());
        self.counts.resize(slots * width, 0);
        self.sums.resize(slots * width, 0);
        let feedback = self.spec.feedback.iter().map(|name| yes(batch, name)).collect::<Result<Vec<_>, _>>()?;
        let mut sums: Vec<_> = (0..width).map(|_| Int64Builder::with_capacity(at.len())).collect();
        let mut rates: Vec<_> = feedback.iter().map(|_| Float64Builder::with_capacity(at.len())).collect();
        for (row, (at, &slot)) in at.iter().zip(&keys[self.by].slots).enumerate() {
            let (Some(now), true) = (*at, slot != NONE) else {
                sums.iter_mut().for_each(Int64Builder::append_null);
                rates.iter_mut().for_each(Float64Builder::append_null);
                continue;
            };
            self.begin(slot as usize, day_of(now));
            let found = &self.sums[slot as usize * width..][..width];
            sums.iter_mut().zip(found).for_each(|(sums, sum)| sums.append_value(*sum));
            rates.iter_mut().zip(&found[1..]).for_each(|(rates, yes)| rates.append_option(rate(*yes, found[0])));
            let counts = &mut self.counts[slot as usize * width..][..width];
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
