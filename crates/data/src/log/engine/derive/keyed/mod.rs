//! Pasts kept per key in memory while rows pass by in the order of time: one pass, and nothing is sorted.
//!
//! ```text
//! rows by (time, _row) ──▶ slot of each key ──▶ what the slot remembers ──▶ derived columns        then the row is taken in
//!                          u7 → 0, u3 → 1, …     last events | days | rows
//! ```
//!
//! The same values as [`walk`](super::walk) gives, which sorts by key instead and needs no memory per key. Which of the two is
//! taken depends on how much the keys of the log ask for: see [`Keyed::columns`].

mod days;
mod earlier;
mod events;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;

use self::days::Days;
use self::earlier::Earlier;
use self::events::Events;
use super::spec::RecencySpec;
use super::walk::{integer, pack_key};
use super::{DeriveSpec, Derived, column};
use crate::log::schema::TypedSchema;
use crate::table::interner::{EMPTY, EMPTY_KEY, Interner};
use crate::table::words::key;

/// The slot of a row without a key.
const NONE: u32 = u32::MAX;

/// All that is derived, and the keys by which it is remembered.
pub(super) struct Keyed<'a> {
    at: &'a str,
    keys: Vec<Keys<'a>>,
    pasts: Vec<Past<'a>>,
    /// Bytes that may be remembered.
    limit: usize,
}

/// The values of some columns together, each with a slot of its own.
struct Keys<'a> {
    columns: Vec<&'a str>,
    /// Whether the values are wanted back as texts.
    text: bool,
    names: Interner,
    slots: Vec<u32>,
    packed: Vec<u8>,
}

enum Past<'a> {
    Events(Events<'a>),
    Days(Days<'a>),
    Earlier(Earlier),
}

impl<'a> Keyed<'a> {
    /// Nothing is remembered yet; `at` names the column of times, and at most `limit` bytes may be held.
    pub(super) fn new(schema: &'a TypedSchema, spec: &'a DeriveSpec, at: &'a str, limit: usize) -> Self {
        let mut keyed = Self { at, keys: Vec::new(), pasts: Vec::new(), limit };
        for derived in Derived::all(spec) {
            let by = keyed.keys_of(derived.by().iter().map(String::as_str).collect(), false);
            let past = match derived {
                Derived::History(spec) => {
                    let of = keyed.keys_of(vec![&spec.of], true);
                    Past::Events(Events::new(spec, spec.kinds_of(schema), by, of))
                }
                Derived::Window(spec) => Past::Days(Days::new(spec, by)),
                Derived::Recency(RecencySpec { .. }) => Past::Earlier(Earlier::new(by)),
            };
            keyed.pasts.push(past);
        }
        keyed
    }

    fn keys_of(&mut self, columns: Vec<&'a str>, text: bool) -> usize {
        let known = self.keys.iter().position(|keys| keys.columns == columns && keys.text == text);
        known.unwrap_or_else(|| {
            let (names, slots, packed) = (Interner::default(), Vec::new(), Vec::new());
            self.keys.push(Keys { columns, text, names, slots, packed });
            self.keys.len() - 1
        })
    }

    /// The derived columns of the next rows; none where more would have to be remembered than is allowed: then another way
    /// must be taken from the first row on.
    pub(super) fn columns(&mut self, batch: &RecordBatch) -> Result<Option<Vec<ArrayRef>>, DataFusionError> {
        let times = column(batch, self.at)?;
        let times = times.as_primitive_opt::<Int64Type>();
        let times = times.ok_or_else(|| exec_datafusion_err!("the time is no 64-bit integer"))?;
        let at: Vec<Option<i64>> = times.iter().collect();
        for keys in &mut self.keys {
            keys.take_in(batch)?;
        }
        let mut columns = Vec::new();
        for past in &mut self.pasts {
            match past {
                Past::Events(events) => events.columns(batch, &at, &self.keys, &mut columns)?,
                Past::Days(days) => days.columns(batch, &at, &self.keys, &mut columns)?,
                Past::Earlier(earlier) => earlier.columns(&at, &self.keys, &mut columns),
            }
        }
        let held: usize = self.keys.iter().map(|keys| keys.names.bytes()).sum();
        let held = held + self.pasts.iter().map(Past::bytes).sum::<usize>();
        Ok((held <= self.limit).then_some(columns))
    }
}

impl Past<'_> {
    fn bytes(&self) -> usize {
        match self {
            Self::Events(events) => events.bytes(),
            Self::Days(days) => days.bytes(),
            Self::Earlier(earlier) => earlier.bytes(),
        }
    }
}

impl Keys<'_> {
    /// Finds the slot of each row.
    fn take_in(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        self.slots.clear();
        let mut columns = self.columns.iter().map(|name| column(batch, name)).collect::<Result<Vec<_>, _>>()?;
        if self.text {
            columns = columns.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<_, _>>()?;
        }
        if let [only] = &columns[..]
            && let Some(texts) = only.as_string_opt::<i32>()
        {
            let names = &mut self.names;
            self.slots.extend(texts.iter().map(|text| text.map_or(NONE, |text| slot(names, text.as_bytes()))));
            return Ok(());
        }
        for row in 0..batch.num_rows() {
            let whole = pack_key(&columns, row, &mut self.packed)?;
            self.slots.push(if whole { slot(&mut self.names, &self.packed) } else { NONE });
        }
        Ok(())
    }

    /// The text of a slot.
    fn text(&self, slot: u32) -> &str {
        let name = self.names.name(slot);
        if name == EMPTY { "" } else { std::str::from_utf8(name).unwrap_or_default() }
    }
}

fn slot(names: &mut Interner, bytes: &[u8]) -> u32 {
    if bytes.is_empty() { names.insert(EMPTY_KEY, EMPTY) } else { names.insert(key(bytes), bytes) }
}

/// Where a feedback is 1.
fn yes(batch: &RecordBatch, name: &str) -> Result<Vec<bool>, DataFusionError> {
    let column = column(batch, name)?;
    Ok((0..column.len()).map(|row| integer(&column, row) == 1).collect())
}
