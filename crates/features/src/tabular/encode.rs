//! Encoding the rows of a file, chunk by chunk, with their labels.

use std::borrow::Cow;

use rayon::prelude::*;
use slatewise_data::table::{Chunk, TableReader};

use super::cells::{Cells, Refused};
use super::columns::Columns;
use super::encoder::TableEncoder;
use super::labels::{Labels, changed, unfit};
use super::part::TablePart;
use crate::batch::{Batch, FeatureBatch};
use crate::error::Error;

/// Rows that one thread encodes at a time.
const BATCH: usize = 1 << 12;

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

    /// Encodes a part in batches of a few thousand rows, in the order of the file and in bounded memory, on all threads: a batch is
    /// visited while those behind it are encoded. Train rows get statistics of labels without their own, by their number in the
    /// file.
    ///
    /// # Errors
    /// A file that cannot be read; a cell that cannot be used, named with its line; and whatever `visit` returns.
    pub fn for_each_batch(
        &self,
        part: &TablePart<'_>,
        mut visit: impl FnMut(&Batch) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let train = part.is_fitted();
        let inputs = if train { &self.inputs[..] } else { &self.inputs[..self.live_inputs] };
        let columns = Columns::new(inputs, &self.tasks);
        let mut labels = Labels::new(&self.tasks, &columns);
        let mut known = Known::new(&columns);
        let mut ready: Vec<Batch> = Vec::new();
        let mut visited =
            |batches: &[Batch]| batches.iter().filter(|batch| batch.features.rows > 0).try_for_each(&mut visit);
        TableReader::open(part.path())?.for_each_chunk(&columns.wanted, |chunk| {
            if known.learn(chunk) {
                labels.learn(&known.texts);
                self.learn_meanings(&mut known, train)?;
            }
            let (known, labels) = (&known, &labels);
            let starts: Vec<usize> = (0..chunk.rows()).step_by(BATCH).collect();
            let encode = |&start: &usize| {
                let rows = start..(start + BATCH).min(chunk.rows());
                self.encode_rows(rows.filter(|row| part.holds(chunk.first_row() + row)), chunk, (part, known, labels))
            };
            let (visited, encoded) =
                rayon::join(|| visited(&ready), || starts.par_iter().map(encode).collect::<Vec<_>>());
            visited?;
            ready = encoded.into_iter().collect::<Result<_, Error>>()?;
            Ok::<(), Error>(())
        })?;
        visited(&ready)
    }

    /// Encodes some rows of a chunk.
    fn encode_rows(
        &self,
        rows: impl Iterator<Item = usize>,
        chunk: &Chunk<'_>,
        (part, known, labels): (&TablePart<'_>, &Known<'_>, &Labels<'_>),
    ) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        let mut cells = FileCells::new(chunk, known);
        for row in rows {
            let train_row = part.is_fitted().then_some((chunk.first_row() + row) as u64);
            (cells.row, cells.asked) = (row, 0);
            self.push_row(&mut cells, train_row, &mut batch.features).map_err(|refused| cells.refused(refused))?;
            for task in 0..self.tasks.len() {
                let label = labels.of(chunk, task, row)?;
                batch.labels.value.push(label.unwrap_or(0.0));
                batch.labels.weight.push(if label.is_some() { 1.0 } else { 0.0 });
            }
        }
        Ok(batch)
    }

    /// Finds what each look-up of a row answers to the texts that are new, by the code of the file's text.
    fn learn_meanings(&self, known: &mut Known<'_>, train: bool) -> Result<(), Error> {
        known.asked = 0;
        match self.push_row(known, train.then_some(0), &mut FeatureBatch::default()) {
            Err(Refused::Whole(error)) => Err(error),
            // Numbers and vectors that are missing are not refused.
            Ok(()) | Err(Refused::Number(..) | Refused::Vector(..)) => Ok(()),
        }
    }
}

/// What the texts of the file that were seen so far mean. As cells it answers nothing, and notes what each look-up would answer
/// to every text that is new.
struct Known<'a> {
    columns: &'a Columns<'a>,
    /// Per slot of ids, texts seen so far.
    seen: Vec<usize>,
    /// By slot, the texts of a chunk that are new.
    texts: Vec<Vec<String>>,
    /// By look-up, the slot of its texts.
    slots: Vec<usize>,
    /// By look-up and code.
    meanings: Vec<Vec<u64>>,
    /// Look-ups so far.
    asked: usize,
}

impl<'a> Known<'a> {
    fn new(columns: &'a Columns<'a>) -> Self {
        let wanted = columns.wanted.len();
        let (seen, texts) = (vec![0; wanted], vec![Vec::new(); wanted]);
        Self { columns, seen, texts, slots: Vec::new(), meanings: Vec::new(), asked: 0 }
    }

    /// Finds the texts that are new; whether there are any, or nothing was seen before.
    fn learn(&mut self, chunk: &Chunk<'_>) -> bool {
        for slot in self.columns.ids() {
            self.texts[slot].clear();
            self.texts[slot].extend(chunk.names(slot, self.seen[slot]).map(Cow::into_owned));
            self.seen[slot] += self.texts[slot].len();
        }
        self.meanings.is_empty() || self.texts.iter().any(|texts| !texts.is_empty())
    }
}

impl Cells for Known<'_> {
    fn look_up(&mut self, input: usize, meaning: impl Fn(&str) -> u64) -> Result<u64, Refused> {
        let slot = self.columns.text(input);
        if self.asked == self.meanings.len() {
            self.slots.push(slot);
            self.meanings.push(Vec::new());
        }
        let texts = self.texts[slot].iter();
        self.meanings[self.asked].extend(texts.map(|text| meaning(text)));
        self.asked += 1;
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
    chunk: &'a Chunk<'a>,
    /// By look-up: the codes of the chunk, and what they mean.
    texts: Vec<(&'a [u32], &'a [u64])>,
    /// By input, the numbers of the chunk; none where it is not read as such.
    numbers: Vec<&'a [f64]>,
    row: usize,
    /// Look-ups so far.
    asked: usize,
}

impl<'a> FileCells<'a> {
    fn new(chunk: &'a Chunk<'a>, known: &'a Known<'a>) -> Self {
        let columns = known.columns;
        let texts = known.slots.iter().zip(&known.meanings).map(|(&slot, meanings)| (chunk.id(slot), &meanings[..]));
        let numbers = columns.numbers().map(|slot| slot.map_or(&[][..], |slot| chunk.number(slot)));
        Self { columns, chunk, texts: texts.collect(), numbers: numbers.collect(), row: 0, asked: 0 }
    }
}

impl Cells for FileCells<'_> {
    fn look_up(&mut self, input: usize, _: impl Fn(&str) -> u64) -> Result<u64, Refused> {
        let (codes, meanings) = self.texts[self.asked];
        self.asked += 1;
        let changed = || {
            let slot = self.columns.text(input);
            Refused::Whole(changed(self.chunk, self.columns, slot, self.row))
        };
        meanings.get(codes[self.row] as usize).copied().ok_or_else(changed)
    }

    fn number(&self, input: usize) -> f64 {
        self.numbers[input][self.row]
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
