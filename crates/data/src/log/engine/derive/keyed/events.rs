//! Histories: the last events of each key.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, StringArray, StringBuilder};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::parquet::file::metadata::KeyValue;

use super::{Keys, NONE, coded, yes};
use crate::log::engine::derive::live::seconds;
use crate::log::engine::derive::spec::HistorySpec;
use crate::table::codes;

/// The last events of each slot, the latest first; those of now are seen when it has passed.
pub(super) struct Events<'a> {
    spec: &'a HistorySpec,
    kinds: Vec<&'a str>,
    by: usize,
    of: usize,
    now: Option<i64>,
    of_now: Vec<(u32, Event)>,
    /// Per slot, events that are there.
    count: Vec<u32>,
    /// `[slots, last]`
    events: Vec<Event>,
}

#[derive(Clone, Copy, Default)]
struct Event {
    at: i64,
    value: u32,
    /// From 1; 0 is an event without one.
    kind: u8,
}

impl<'a> Events<'a> {
    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Event>() * self.events.capacity() + 4 * self.count.capacity()
    }

    pub(super) fn new(spec: &'a HistorySpec, kinds: Vec<&'a str>, by: usize, of: usize) -> Self {
        Self { spec, kinds, by, of, now: None, of_now: Vec::new(), count: Vec::new(), events: Vec::new() }
    }

    /// What a file says of the columns of values, if these are codes.
    pub(super) fn columns_of_codes(&self) -> Vec<KeyValue> {
        self.spec.values().map(|name| codes::of_column(&name, &self.spec.of)).collect()
    }

    fn passed(&mut self) {
        let last = self.spec.last;
        for (slot, event) in self.of_now.drain(..) {
            let of_slot = &mut self.events[slot as usize * last..][..last];
            of_slot.copy_within(..last - 1, 1);
            of_slot[0] = event;
            let count = &mut self.count[slot as usize];
            *count = (*count + 1).min(last as u32);
        }
    }

    pub(super) fn columns(
        &mut self,
        batch: &RecordBatch,
        at: &[Option<i64>],
        (keys, codes): (&[Keys<'_>], bool),
        out: &mut Vec<ArrayRef>,
    ) -> Result<(), DataFusionError> {
        let (last, values) = (self.spec.last, &keys[self.of]);
        self.count.resize(keys[self.by].names.len(), 0);
        self.events.resize(self.count.len() * last, Event::default());
        let feedback: Vec<Vec<bool>> = self.kinds.iter().map(|name| yes(batch, name)).collect::<Result<_, _>>()?;
        let mut found: Vec<Vec<u32>> = (0..last).map(|_| Vec::with_capacity(at.len())).collect();
        let places = |asked: bool| if asked { last } else { 0 };
        let mut ages: Vec<_> = (0..places(self.spec.ages)).map(|_| Float64Builder::with_capacity(at.len())).collect();
        let mut names: Vec<_> = (0..places(self.spec.kinds)).map(|_| StringBuilder::new()).collect();
        for (row, (&at, &slot)) in at.iter().zip(&keys[self.by].slots).enumerate() {
            let now = at.filter(|_| slot != NONE);
            if now.is_some() && now != self.now {
                self.passed();
                self.now = now;
            }
            let seen =
                now.map_or(&[][..], |_| &self.events[slot as usize * last..][..self.count[slot as usize] as usize]);
            for (place, found) in found.iter_mut().enumerate() {
                found.push(seen.get(place).map_or(NONE, |event| event.value));
            }
            for (place, ages) in ages.iter_mut().enumerate() {
                ages.append_option(seen.get(place).zip(now).map(|(event, now)| seconds(event.at, now)));
            }
            for (place, names) in names.iter_mut().enumerate() {
                let kind = seen.get(place).and_then(|event| usize::from(event.kind).checked_sub(1));
                names.append_option(kind.and_then(|kind| self.kinds.get(kind)));
            }
            let kind = feedback.iter().rposition(|yes| yes[row]).map(|kind| kind as u8 + 1);
            let kind = kind.or_else(|| self.spec.feedback.is_empty().then_some(0));
            if let (Some(at), Some(kind), value) = (now, kind, values.slots[row])
                && value != NONE
            {
                self.of_now.push((slot, Event { at, value, kind }));
            }
        }
        let (mut ages, mut names) = (ages.into_iter(), names.into_iter());
        for found in found {
            let text = |value: u32| (value != NONE).then(|| values.text(value));
            out.push(match codes {
                true => coded(found.into_iter()),
                false => Arc::new(found.into_iter().map(text).collect::<StringArray>()),
            });
            out.extend(ages.next().map(|mut ages| Arc::new(ages.finish()) as ArrayRef));
            out.extend(names.next().map(|mut names| Arc::new(names.finish()) as ArrayRef));
        }
        Ok(())
    }
}
