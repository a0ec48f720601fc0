//! Encoding the rows of a file, chunk by chunk, with their labels.

use slatewise_data::table::{Chunk, TableReader};

use super::cells::{Cells, Refused};
use super::columns::Columns;
use super::encoder::TableEncoder;
use super::labels::{Labels, look_up, unfit};
use super::part::TablePart;
use crate::batch::{Batch, FeatureBatch};
use crate::error::Error;

impl TableEncoder {
    /// Encodes a part whole.
    ///
    /// # Shapes
    /// ids `[B, F]`, dense `[B, D]`, labels `[B, T]`, for the B rows of the part in the order of the file
    ///
    /// # Errors
    /// As [`for_each_batch`](Self::for_each_batch).
    pub fn encode(&self, part: &TablePart<'_>) -> Result<Batch, Error> {
        let mut whole = Batch::default();
        self.for_each_batch(part, |batch| {
            whole.append(batch);
            Ok(())
        })?;
        Ok(whole)
    }

    /// Encodes a part in batches of the size that reading yields (a few thousand rows), in the order of the file and in
    /// bounded memory. Train rows get statistics of labels without their own, by their number in the file.
    ///
    /// # Errors
    /// A file that cannot be read; a cell that cannot be used, named with its line; and whatever `visit` returns.
    pub fn for_each_batch(
        &self,
        part: &TablePart<'_>,
        mut visit: impl FnMut(&Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let train = part.is_fitted();
        let inputs = if train { &self.inputs[..] } else { &self.inputs[..self.live_inputs] };
        let columns = Columns::new(inputs, &self.tasks);
        let texts = columns.texts(part.path(), |_| true)?;
        let labels = Labels::new(&self.tasks, &columns, &texts);
        let meanings = self.meanings(&columns, &texts, train)?;
        let mut batch = Batch::default();
        TableReader::open(part.path())?.for_each_chunk(&columns.wanted, |chunk| {
            batch.clear();
            for row in (0..chunk.rows()).filter(|row| part.holds(chunk.first_row() + row)) {
                let train_row = train.then_some((chunk.first_row() + row) as u64);
                let mut cells = FileCells { columns: &columns, meanings: &meanings, chunk, row, asked: 0 };
                self.push_row(&mut cells, train_row, &mut batch.features).map_err(|refused| cells.refused(refused))?;
                for task in 0..self.tasks.len() {
                    let label = labels.of(chunk, task, row)?;
                    batch.labels.value.push(label.unwrap_or(0.0));
                    batch.labels.weight.push(if label.is_some() { 1.0 } else { 0.0 });
                }
            }
            if batch.features.rows > 0 { visit(&batch) } else { Ok(()) }
        })?;
        Ok(())
    }

    /// What each look-up of a row answers, by the code of the file's text.
    fn meanings(&self, columns: &Columns<'_>, texts: &[Vec<String>], train: bool) -> Result<Vec<Vec<u64>>, Error> {
        let mut gather = Gather { columns, texts, meanings: Vec::new() };
        match self.push_row(&mut gather, train.then_some(0), &mut FeatureBatch::default()) {
            Err(Refused::Whole(error)) => Err(error),
            // Numbers and vectors that are missing are not refused.
            Ok(()) | Err(Refused::Number(..) | Refused::Vector(..)) => Ok(gather.meanings),
        }
    }
}

/// Answers nothing, and notes what each look-up would answer to every text.
struct Gather<'a> {
    columns: &'a Columns<'a>,
    texts: &'a [Vec<String>],
    meanings: Vec<Vec<u64>>,
}

impl Cells for Gather<'_> {
    fn look_up(&mut self, input: usize, meaning: impl Fn(&str) -> u64) -> Result<u64, Refused> {
        self.meanings.push(self.texts[self.columns.text(input)].iter().map(|text| meaning(text)).collect());
        Ok(0)
    }

    fn number(&self, _: usize) -> f64 {
        f64::NAN
    }

    fn vector(&self, _: usize, width: u32, out: &mut Vec<f32>) -> Result<(), Refused> {
        out.resize(out.len() + width as usize, f32::NAN);
        Ok(())
    }
}

/// The cells of a row of a chunk.
struct FileCells<'a> {
    columns: &'a Columns<'a>,
    meanings: &'a [Vec<u64>],
    chunk: &'a Chunk<'a>,
    row: usize,
    /// Look-ups so far.
    asked: usize,
}

impl Cells for FileCells<'_> {
    fn look_up(&mut self, input: usize, _: impl Fn(&str) -> u64) -> Result<u64, Refused> {
        let meaning = &self.meanings[self.asked];
        self.asked += 1;
        look_up(meaning, self.chunk, self.columns, self.columns.text(input), self.row).map_err(Refused::Whole)
    }

    fn number(&self, input: usize) -> f64 {
        self.chunk.number(self.columns.number(input))[self.row]
    }

    fn vector(&self, input: usize, width: u32, out: &mut Vec<f32>) -> Result<(), Refused> {
        let width = width as usize;
        out.extend_from_slice(&self.chunk.vector(self.columns.vector(input))[self.row * width..][..width]);
        Ok(())
    }
}

impl FileCells<'_> {
    fn refused(&self, refused: Refused) -> Error {
        let slot = |slot: usize, problem| unfit(self.chunk, self.columns, slot, self.row, problem);
        match refused {
            Refused::Number(input, problem) => slot(self.columns.number(input), problem),
            Refused::Vector(input, problem) => slot(self.columns.vector(input), problem),
            Refused::Whole(error) => error,
        }
    }
}
