//! Recency: how many rows a key has before this one (8 bytes), and when the last of them was (8, if there is one).

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, BinaryArray, Float64Builder, Int64Builder};

use super::live::seconds;
use super::spec::RecencySpec;
use super::walk::{Walk, take_integer};
use crate::log::engine::sql;

/// The call.
pub(super) fn call(spec: &RecencySpec, at: &str) -> String {
    format!("rows_earlier({at}, {})", sql::names(spec.by.columns().iter().map(String::as_str)))
}

/// Counts a key's rows, those of now apart.
#[derive(Debug, Default)]
pub(super) struct RowsEarlier {
    now: i64,
    of_now: i64,
    before: i64,
    last: Option<i64>,
}

impl Walk for RowsEarlier {
    const NAME: &'static str = "rows_earlier";
    const AT: usize = 0;

    fn keys(values: &[ArrayRef], _: usize) -> Range<usize> {
        1..values.len()
    }

    fn forget(&mut self) {
        *self = Self::default();
    }

    fn step(&mut self, _: &[ArrayRef], _: usize, now: i64, out: &mut Vec<u8>) {
        if now != self.now {
            if self.of_now > 0 {
                self.last = Some(self.now);
            }
            self.before += std::mem::take(&mut self.of_now);
            self.now = now;
        }
        out.extend(self.before.to_le_bytes());
        if let Some(last) = self.last {
            out.extend(last.to_le_bytes());
        }
        self.of_now += 1;
    }
}

/// The columns, from packed bytes and the rows' own times.
pub(super) fn unpacked(packed: &BinaryArray, at: &[i64]) -> Vec<ArrayRef> {
    let mut since = Float64Builder::with_capacity(packed.len());
    let mut before = Int64Builder::with_capacity(packed.len());
    for (row, now) in at.iter().enumerate() {
        let mut bytes = if packed.is_valid(row) { packed.value(row) } else { &[] };
        before.append_option(take_integer(&mut bytes));
        since.append_option(take_integer(&mut bytes).map(|last| seconds(last, *now)));
    }
    vec![Arc::new(since.finish()), Arc::new(before.finish())]
}
