//! Rows of a `Batch` ↔ records.

use super::header::RowSchema;
use crate::batch::Batch;

/// Numbers of values in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) fields: usize,
    pub(super) dense: usize,
    pub(super) tasks: usize,
}

impl Record {
    pub(super) fn of(schema: &RowSchema) -> Self {
        let RowSchema { layout, tasks, .. } = schema;
        Self { fields: layout.fields.len(), dense: layout.dense.len(), tasks: tasks.len() }
    }

    /// Asserts that a batch has this record's shape.
    pub(super) fn check(self, batch: &Batch) {
        let (rows, Self { fields, dense, tasks }) = (batch.features.rows, self);
        let found = [&batch.features.dense, &batch.labels.value, &batch.labels.weight].map(Vec::len);
        let found = (batch.features.ids.len(), found);
        let expected = (rows * fields, [rows * dense, rows * tasks, rows * tasks]);
        assert_eq!(found, expected, "ids, dense, label values and weights of {rows} rows (found, expected)");
    }

    /// Appends a row of a batch.
    pub(super) fn write(self, batch: &Batch, row: usize, out: &mut Vec<u8>) {
        let Self { fields, dense, tasks } = self;
        out.extend(batch.features.ids[row * fields..][..fields].iter().flat_map(|id| id.to_le_bytes()));
        let labels = [(&batch.labels.value, tasks), (&batch.labels.weight, tasks)];
        for (values, width) in [(&batch.features.dense, dense)].into_iter().chain(labels) {
            out.extend(values[row * width..][..width].iter().flat_map(|x| x.to_le_bytes()));
        }
    }

    /// Appends a record to a batch.
    pub(super) fn read(self, record: &[u8], batch: &mut Batch) {
        let mut words = record.as_chunks::<4>().0.iter();
        batch.features.ids.extend(words.by_ref().take(self.fields).map(|word| u32::from_le_bytes(*word)));
        let mut numbers = words.map(|word| f32::from_le_bytes(*word));
        batch.features.dense.extend(numbers.by_ref().take(self.dense));
        batch.labels.value.extend(numbers.by_ref().take(self.tasks));
        batch.labels.weight.extend(numbers);
        batch.features.rows += 1;
    }
}
