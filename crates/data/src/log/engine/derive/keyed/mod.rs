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

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int8Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::parquet::file::metadata::KeyValue;
use rayon::prelude::*;

use self::days::Days;
use self::earlier::Earlier;
use self::events::Events;
use super::spec::RecencySpec;
use super::walk::{integer, pack_key};
use super::{DeriveSpec, Derived, column};
use crate::log::engine::numbered::{NONE, Numbered};
use crate::log::schema::{TypedKind, TypedSchema};
use crate::table::codes;
use crate::table::interner::{EMPTY, Interner};
use crate::table::words::key;

/// All that is derived, and the keys by which it is remembered.
pub(super) struct Keyed<'a> {
    at: &'a str,
    schema: &'a TypedSchema,
    keys: Vec<Keys<'a>>,
    pasts: Vec<Past<'a>>,
    /// Whether texts are handed on as codes, the slots of their keys.
    codes: bool,
    /// Bytes that may be remembered.
    limit: usize,
}

/// The values of some columns together, each with a slot of its own.
struct Keys<'a> {
    columns: Vec<&'a str>,
    /// Whether the values are wanted back as texts.
    text: bool,
    names: Interner,
    numbered: Numbered,
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
        let mut keyed = Self { at, schema, keys: Vec::new(), pasts: Vec::new(), codes: false, limit };
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

    /// Hands on the texts of these columns, and the values of histories, as codes.
    pub(super) fn with_codes(mut self, texts: impl Iterator<Item = &'a str>) -> Self {
        self.codes = true;
        for text in texts {
            self.keys_of(vec![text], true);
        }
        self
    }

    fn keys_of(&mut self, columns: Vec<&'a str>, text: bool) -> usize {
        let is_text = |name: &str| self.schema.column(name).is_some_and(|column| column.kind == TypedKind::Text);
        let text = text || matches!(&columns[..], [only] if is_text(only));
        let known = self.keys.iter().position(|keys| keys.columns == columns && keys.text == text);
        known.unwrap_or_else(|| {
            let (names, numbered, slots, packed) = (Interner::default(), Numbered::default(), Vec::new(), Vec::new());
            self.keys.push(Keys { columns, text, names, numbered, slots, packed });
            self.keys.len() - 1
        })
    }

    /// The codes of a column of texts in the rows at hand, if they are handed on so.
    pub(super) fn codes(&self, name: &str) -> Option<ArrayRef> {
        let keys = self.keys.iter().filter(|_| self.codes).find(|keys| keys.text && keys.columns == [name])?;
        Some(coded(keys.slots.iter().copied()))
    }

    /// What a file says of its columns of codes: which they are, and the names.
    pub(super) fn names(&self) -> Vec<KeyValue> {
        if !self.codes {
            return Vec::new();
        }
        let texts = self.keys.iter().filter(|keys| keys.text);
        let own = texts.flat_map(|keys| {
            [codes::names(keys.columns[0], &keys.names), codes::of_column(keys.columns[0], keys.columns[0])]
        });
        let values = self.pasts.iter().flat_map(|past| match past {
            Past::Events(events) => events.columns_of_codes(),
            Past::Days(_) | Past::Earlier(_) => Vec::new(),
        });
        own.chain(values).collect()
    }

    /// The derived columns of the next rows; none where more would have to be remembered than is allowed: then another way
    /// must be taken from the first row on.
    pub(super) fn columns(&mut self, batch: &RecordBatch) -> Result<Option<Vec<ArrayRef>>, DataFusionError> {
        let times = column(batch, self.at)?;
        let times = times.as_primitive_opt::<Int64Type>();
        let times = times.ok_or_else(|| exec_datafusion_err!("the time is no 64-bit integer"))?;
        let at: Vec<Option<i64>> = times.iter().collect();
        self.keys.par_iter_mut().try_for_each(|keys| keys.take_in(batch))?;
        let (keys, codes) = (&self.keys[..], self.codes);
        let each = self.pasts.par_iter_mut().map(|past| {
            let mut columns = Vec::new();
            match past {
                Past::Events(events) => events.columns(batch, &at, (keys, codes), &mut columns)?,
                Past::Days(days) => days.columns(batch, &at, keys, &mut columns)?,
                Past::Earlier(earlier) => earlier.columns(&at, keys, &mut columns),
            }
            Ok::<_, DataFusionError>(columns)
        });
        let columns = each.collect::<Result<Vec<_>, _>>()?.concat();
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
        let columns = self.columns.iter().map(|name| column(batch, name)).collect::<Result<Vec<_>, _>>()?;
        if self.text {
            let Self { names, numbered, slots, .. } = self;
            return numbered.append(&columns[0], |text| names.code(text), slots);
        }
        let plain = |column: &ArrayRef| match column.data_type() {
            DataType::Dictionary(..) => cast(column, &DataType::Utf8),
            _ => Ok(Arc::clone(column)),
        };
        let columns = columns.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let whole = pack_key(&columns, row, &mut self.packed)?;
            self.slots.push(if whole { self.names.insert(key(&self.packed), &self.packed) } else { NONE });
        }
        Ok(())
    }

    /// The text of a slot.
    fn text(&self, slot: u32) -> &str {
        let name = self.names.name(slot);
        if name == EMPTY { "" } else { std::str::from_utf8(name).unwrap_or_default() }
    }
}

/// Slots as a column of codes.
fn coded(slots: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(slots.map(|slot| (slot != NONE).then_some(slot as i32)).collect::<Int32Array>())
}

/// Where a feedback is 1.
fn yes(batch: &RecordBatch, name: &str) -> Result<Vec<bool>, DataFusionError> {
    let column = column(batch, name)?;
    if let Some(flags) = column.as_primitive_opt::<Int8Type>() {
        return Ok(flags.iter().map(|flag| flag == Some(1)).collect());
    }
    Ok((0..column.len()).map(|row| integer(&column, row) == 1).collect())
}
