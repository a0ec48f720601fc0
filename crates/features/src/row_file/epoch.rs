//! `Epoch`: the batches of one pass over a file of rows.

use std::ops::Range;

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
    /// Records of the window at hand, which is the position's; empty until it is read.
    records: Vec<u8>,
    /// Its rows that are given out, in their order; none until it is read.
    pub(super) rows: Option<Vec<u32>>,
    failed: bool,
}

impl Epoch {
    pub(super) fn new(file: RowFile, position: EpochPosition) -> Self {
        let header = &file.shared.header;
        let (order, record) = (Order::new(&position, header.blocks()), Record::of(&header.schema));
        Self { file, position, order, record, records: Vec::new(), rows: None, failed: false }
    }

    /// Where the epoch is, after the batches yielded so far.
    pub fn position(&self) -> EpochPosition {
        self.position
    }

    /// Number of batches still to come; where slates stay whole or rows are drawn, there may be fewer.
    pub fn batches_left(&self) -> u64 {
        if self.failed {
            return 0;
        }
        let rows = self.order.rows_from(self.position.window, &self.file.shared.header);
        rows.saturating_sub(self.position.window_row as u64).div_ceil(self.position.batch_rows as u64)
    }

    /// Each batch with the position behind it: what to store once the batch was *used*, however far a
    /// [`Prefetch`](crate::Prefetch) has read on.
    pub fn with_positions(mut self) -> impl Iterator<Item = Result<(Batch, EpochPosition), Error>> + Send + 'static {
        std::iter::from_fn(move || {
            let batch = self.next()?;
            Some(batch.map(|batch| (batch, self.position)))
        })
    }

    fn bytes(&self, row: u32) -> &[u8] {
        let bytes = self.record.bytes();
        &self.records[row as usize * bytes..][..bytes]
    }

    /// Reads the window that the position is in.
    fn read_window(&mut self, position: &EpochPosition) -> Result<Vec<u32>, Error> {
        let header = &self.file.shared.header;
        self.records.clear();
        let mut rows = 0;
        for &block in self.order.window(position.window) {
            self.file.read_block(block, &mut self.records)?;
            rows += header.rows_in(block) as u32;
        }
        let rows = self.order.rows(position.window, self.units(rows), |row| self.record.rate(self.bytes(row)));
        if position.window_row > rows.len() {
            return Err(self.file.refuse_position("it lies behind the end of its window".to_owned()));
        }
        Ok(rows)
    }

    /// The rows of the window that stay together: slates, or each row by itself.
    fn units(&self, rows: u32) -> Vec<Range<u32>> {
        let mut units: Vec<Range<u32>> = Vec::new();
        let mut last = None;
        for row in 0..rows {
            let slate = self.record.slate(self.bytes(row));
            match units.last_mut().filter(|_| slate.is_some() && slate == last) {
                Some(unit) => unit.end += 1,
                None => units.push(row..row + 1),
            }
            last = slate;
        }
        units
    }

    /// The next batch, empty behind the last one, and the position behind it.
    fn read_batch(&mut self) -> Result<(Batch, EpochPosition), Error> {
        let (mut batch, mut position) = (Batch::default(), self.position);
        while batch.features.rows < position.batch_rows && position.window < self.order.windows() {
            let rows = match self.rows.take() {
                Some(rows) => rows,
                None => self.read_window(&position)?,
            };
            let wanted = position.batch_rows - batch.features.rows;
            let end = self.end(&rows, position.window_row, wanted);
            for &row in &rows[position.window_row..end] {
                self.record.read(self.bytes(row), self.order.is_drawn(), &mut batch);
            }
            position.window_row = end;
            if end == rows.len() {
                (position.window, position.window_row) = (position.window + 1, 0);
            } else {
                self.rows = Some(rows);
            }
        }
        position.batches_done += 1;
        Ok((batch, position))
    }

    /// Where a batch ends that wants so many rows more: with the slate that gives it the last of them.
    fn end(&self, rows: &[u32], start: usize, wanted: usize) -> usize {
        let mut end = rows.len().min(start + wanted);
        let slate = |place: usize| self.record.slate(self.bytes(rows[place]));
        while end > start && end < rows.len() && slate(end).is_some() && slate(end) == slate(end - 1) {
            end += 1;
        }
        end
    }
}

impl Iterator for Epoch {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.read_batch() {
            Ok((batch, end)) if batch.features.rows == 0 => {
                self.position = EpochPosition { batches_done: self.position.batches_done, ..end };
                None
            }
            Ok((batch, position)) => {
                self.position = position;
                Some(Ok(batch))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error may end the epoch early.
        (0, usize::try_from(self.batches_left()).ok())
    }
}
