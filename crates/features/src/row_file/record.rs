//! Rows of a `Batch` ↔ records.

use super::header::RowSchema;
use crate::batch::Batch;

/// Numbers of values in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    fields: usize,
    dense: usize,
    tasks: usize,
    /// Whether there are a slate and a rate behind them.
    slates: bool,
}

impl Record {
    pub(super) fn of(schema: &RowSchema) -> Self {
        let RowSchema { layout, tasks, slates, .. } = schema;
        Self { fields: layout.fields.len(), dense: layout.dense.len(), tasks: tasks.len(), slates: *slates }
    }

    /// Bytes of a record: 4 (F + D + 2 T), and 8 for slate and rate.
    pub(super) fn bytes(self) -> usize {
        4 * (self.fields + self.dense + 2 * self.tasks + if self.slates { 2 } else { 0 })
    }

    /// Asserts that a batch has this record's shape.
    pub(super) fn check(self, batch: &Batch, rates: Option<&[f32]>) {
        let (rows, Self { fields, dense, tasks, slates }) = (batch.features.rows, self);
        let found = [&batch.features.dense, &batch.labels.value, &batch.labels.weight].map(Vec::len);
        let found = (batch.features.ids.len(), found, batch.labels.slate.len());
        let expected = (rows * fields, [rows * dense, rows * tasks, rows * tasks], if slates { rows } else { 0 });
        assert_eq!(found, expected, "ids, dense, label values and weights, slates of {rows} rows (found, expected)");
        if let Some(rates) = rates {
            assert_eq!((slates, rates.len()), (true, rows), "the schema has slates, and each row a rate");
            assert!(rates.iter().all(|&rate| 0.0 < rate && rate <= 1.0), "a rate is in (0, 1]");
        }
    }

    /// Appends a row of a batch; `rate` is stored where there are slates.
    pub(super) fn write(self, batch: &Batch, row: usize, rate: f32, out: &mut Vec<u8>) {
        let Self { fields, dense, tasks, slates } = self;
        append(&batch.features.ids[row * fields..][..fields], u32::to_le_bytes, out);
        append(&batch.features.dense[row * dense..][..dense], f32::to_le_bytes, out);
        append(&batch.labels.value[row * tasks..][..tasks], f32::to_le_bytes, out);
        append(&batch.labels.weight[row * tasks..][..tasks], f32::to_le_bytes, out);
        if slates {
            out.extend(batch.labels.slate[row].to_le_bytes());
            out.extend(rate.to_le_bytes());
        }
    }

    /// Appends a record to a batch. A drawn row stands for those that were not: its weights are divided by its rate.
    pub(super) fn read(self, record: &[u8], drawn: bool, batch: &mut Batch) {
        let mut words = record.as_chunks::<4>().0.iter();
        batch.features.ids.extend(words.by_ref().take(self.fields).map(|word| u32::from_le_bytes(*word)));
        let mut numbers = words.map(|word| f32::from_le_bytes(*word));
        batch.features.dense.extend(numbers.by_ref().take(self.dense));
        batch.labels.value.extend(numbers.by_ref().take(self.tasks));
        let rate = if drawn { self.rate(record) } else { 1.0 };
        batch.labels.weight.extend(numbers.take(self.tasks).map(|weight| weight / rate));
        batch.labels.slate.extend(self.slate(record));
        batch.features.rows += 1;
    }

    /// The slate of a record, where there is one.
    pub(super) fn slate(self, record: &[u8]) -> Option<u32> {
        self.slates.then(|| u32::from_le_bytes(word_from_end(record, 2)))
    }

    /// With which probability an epoch draws a record, in (0, 1].
    pub(super) fn rate(self, record: &[u8]) -> f32 {
        if self.slates { f32::from_le_bytes(word_from_end(record, 1)) } else { 1.0 }
    }
}

/// The last word of a record, the one before it, and so on.
fn word_from_end(record: &[u8], place: usize) -> [u8; 4] {
    let words = record.as_chunks::<4>().0;
    words[words.len() - place]
}

/// Appends values, each four bytes.
fn append<T: Copy>(values: &[T], bytes: impl Fn(T) -> [u8; 4], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 4 * values.len(), 0);
    let places = out[start..].as_chunks_mut::<4>().0;
    places.iter_mut().zip(values).for_each(|(place, &value)| *place = bytes(value));
}
