//! Recency: how many rows each key has, and when the last was.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, Int64Builder};

use super::{Keys, NONE};
use crate::log::engine::derive::live::seconds;

/// How many rows each slot has, and when the last was; those of now are counted when it has passed.
#[derive(Default)]
pub(super) struct Earlier {
    by: usize,
    now: Option<i64>,
    of_now: Vec<u32>,
    before: Vec<i64>,
    last: Vec<i64>,
}

impl Earlier {
    /// Nothing is remembered yet; `by` is the place of its keys.
    pub(super) fn new(by: usize) -> Self {
        Self { by, ..Self::default() }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        16 * self.before.capacity()
    }

    fn passed(&mut self) {
        let Some(now) = self.now else { return };
        for slot in self.of_now.drain(..) {
            self.before[slot as usize] += 1;
            self.last[slot as usize] = now;
        }
    }

    pub(super) fn columns(&mut self, at: &[Option<i64>], keys: &[Keys<'_>], out: &mut Vec<ArrayRef>) {
        let slots = keys[self.by].names.len();
        self.before.resize(slots, 0);
        self.last.resize(slots, 0);
        let mut since = Float64Builder::with_capacity(at.len());
        let mut before = Int64Builder::with_capacity(at.len());
        for (at, &slot) in at.iter().zip(&keys[self.by].slots) {
            let (Some(now), true) = (*at, slot != NONE) else {
                since.append_null();
                before.append_null();
                continue;
            };
            if self.now != Some(now) {
                self.passed();
                self.now = Some(now);
            }
            let rows = self.before[slot as usize];
            since.append_option((rows > 0).then(|| seconds(self.last[slot as usize], now)));
            before.append_value(rows);
            self.of_now.push(slot);
        }
        out.extend([Arc::new(since.finish()) as ArrayRef, Arc::new(before.finish())]);
    }
}
