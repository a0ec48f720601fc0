//! `Epoch`: the batches of one pass over a file of rows.

use super::RowFile;
use super::order::{EpochPosition, Order};
use super::record::Record;
use crate::batch::Batch;
use crate::error::Error;

/// An iterator over the batches of one pass; it ends behind the last batch or the first error.
#[derive(Debug)]
pub struct Epoch {
    file: RowFile,
    position: EpochPosition,
    pub(super) order: Order,
    record: Record,
    /// The window to be read next.
    window: usize,
    /// Rows of it to be left out, because an interrupted run has used them.
    skip: usize,
    /// Records of the window that was read last.
    records: Vec<u8>,
    /// Their order.
    pub(super) rows: Vec<u32>,
    /// How many of them were given out.
    given: usize,
    failed: bool,
}

impl Epoch {
    pub(super) fn new(file: RowFile, position: EpochPosition) -> Self {
        let header = &file.shared.header;
        let order = Order::new(&position, header.blocks());
        let (window, skip) = order.find(position.batches_done.saturating_mul(position.batch_rows as u64), header);
        let record = Record::of(&header.schema);
        let (records, rows) = (Vec::new(), Vec::new());
        Self { file, position, order, record, window, skip, records, rows, given: 0, failed: false }
    }

    /// Where the epoch is, after the batches yielded so far.
    pub fn position(&self) -> EpochPosition {
        self.position
    }

    /// Number of batches still to come.
    pub fn batches_left(&self) -> u64 {
        if self.failed { 0 } else { self.position.batches() - self.position.batches_done }
    }

    /// Reads the next window; false behind the last one.
    fn read_window(&mut self) -> Result<bool, Error> {
        let blocks = self.order.window(self.window);
        if blocks.is_empty() {
            return Ok(false);
        }
        self.records.clear();
        let header = &self.file.shared.header;
        let mut rows = 0;
        for &block in blocks {
            self.file.read_block(block, &mut self.records)?;
            rows += header.rows_in(block);
        }
        self.rows = self.order.rows(self.window, rows);
        self.given = std::mem::take(&mut self.skip);
        self.window += 1;
        Ok(true)
    }

    fn read_batch(&mut self) -> Result<Batch, Error> {
        let bytes = self.file.shared.header.record_bytes();
        let mut batch = Batch::default();
        while batch.features.rows < self.position.batch_rows {
            if self.given == self.rows.len() && !self.read_window()? {
                break;
            }
            let wanted = self.position.batch_rows - batch.features.rows;
            let given = self.given + wanted.min(self.rows.len() - self.given);
            for &row in &self.rows[self.given..given] {
                self.record.read(&self.records[row as usize * bytes..][..bytes], &mut batch);
            }
            self.given = given;
        }
        Ok(batch)
    }
}

impl Iterator for Epoch {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batches_left() == 0 {
            return None;
        }
        let batch = self.read_batch();
        self.failed = batch.is_err();
        self.position.batches_done += u64::from(batch.is_ok());
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error may end the epoch early.
        (0, usize::try_from(self.batches_left()).ok())
    }
}
