//! Histories: the last things before a row. Per thing: when (8 bytes), its kind + 1 (1), its length (4), its text.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, Float64Builder, StringBuilder};

use super::live::seconds;
use super::spec::HistorySpec;
use super::walk::{Walk, integer, take_integer};
use crate::log::engine::sql;
use crate::log::schema::TypedSchema;

const LAST: usize = 0;
const AT: usize = 1;
const KIND: usize = 2;
const VALUE: usize = 3;
const KEYS: usize = 4;

/// The call; kinds are numbered from 1, 0 is an event without one, and no kind at all is no event.
pub(super) fn call(spec: &HistorySpec, schema: &TypedSchema, at: &str) -> String {
    let kinds = spec.kinds_of(schema);
    let strongest: String = kinds
        .iter()
        .enumerate()
        .rev()
        .map(|(kind, name)| format!(" WHEN {} = 1 THEN {}", sql::name(name), kind + 1))
        .collect();
    let otherwise = if spec.feedback.is_empty() { "CAST(0 AS BIGINT)" } else { "CAST(NULL AS BIGINT)" };
    let kind =
        if strongest.is_empty() { otherwise.to_owned() } else { format!("CASE{strongest} ELSE {otherwise} END") };
    let keys = sql::names(spec.by.columns().iter().map(String::as_str));
    let of = sql::name(&spec.of);
    format!("past_events(CAST({} AS BIGINT), {at}, {kind}, CAST({of} AS VARCHAR), {keys})", spec.last)
}

/// Remembers the last events before now, and those of now until it has passed.
#[derive(Debug, Default)]
pub(super) struct PastEvents {
    now: i64,
    past: VecDeque<Past>,
    of_now: Vec<Past>,
}

#[derive(Debug, Clone)]
struct Past {
    at: i64,
    kind: u8,
    value: String,
}

impl Walk for PastEvents {
    const NAME: &'static str = "past_events";
    const AT: usize = AT;

    fn keys(values: &[ArrayRef], _: usize) -> Range<usize> {
        KEYS..values.len()
    }

    fn forget(&mut self) {
        self.past.clear();
        self.of_now.clear();
    }

    fn step(&mut self, values: &[ArrayRef], row: usize, now: i64, out: &mut Vec<u8>) {
        let last = integer(&values[LAST], row) as usize;
        if now != self.now {
            self.of_now.drain(..).for_each(|event| self.past.push_front(event));
            self.past.truncate(last);
            self.now = now;
        }
        for Past { at, kind, value } in &self.past {
            out.extend(at.to_le_bytes());
            out.push(*kind);
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value.as_bytes());
        }
        if values[KIND].is_valid(row) && values[VALUE].is_valid(row) {
            if self.of_now.len() == last {
                self.of_now.remove(0);
            }
            let value = values[VALUE].as_string::<i32>().value(row).to_owned();
            self.of_now.push(Past { at: now, kind: integer(&values[KIND], row) as u8, value });
        }
    }
}

/// The columns of a history, from packed bytes and the rows' own times.
pub(super) fn unpacked(spec: &HistorySpec, schema: &TypedSchema, packed: &BinaryArray, at: &[i64]) -> Vec<ArrayRef> {
    let kinds = spec.kinds_of(schema);
    let mut values: Vec<_> = (0..spec.last).map(|_| StringBuilder::new()).collect();
    let mut ages: Vec<_> = (0..spec.last).map(|_| Float64Builder::with_capacity(packed.len())).collect();
    let mut names: Vec<_> = (0..spec.last).map(|_| StringBuilder::new()).collect();
    for (row, now) in at.iter().enumerate() {
        let mut bytes = if packed.is_valid(row) { packed.value(row) } else { &[] };
        for place in 0..spec.last {
            let event = take_event(&mut bytes);
            values[place].append_option(event.map(|(_, _, value)| value));
            ages[place].append_option(event.map(|(then, ..)| seconds(then, *now)));
            let kind = event.and_then(|(_, kind, _)| usize::from(kind).checked_sub(1));
            names[place].append_option(kind.and_then(|kind| kinds.get(kind)));
        }
    }
    let mut columns = Vec::new();
    for ((mut values, mut ages), mut names) in values.into_iter().zip(ages).zip(names) {
        columns.push(Arc::new(values.finish()) as ArrayRef);
        columns.extend(spec.ages.then(|| Arc::new(ages.finish()) as ArrayRef));
        columns.extend(spec.kinds.then(|| Arc::new(names.finish()) as ArrayRef));
    }
    columns
}

fn take_event<'b>(bytes: &mut &'b [u8]) -> Option<(i64, u8, &'b str)> {
    let at = take_integer(bytes)?;
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some((at, *kind, std::str::from_utf8(text).ok()?))
}
