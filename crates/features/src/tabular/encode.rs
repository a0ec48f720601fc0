//! Encoding the rows of a file, chunk by chunk, with their labels.

use slatewise_data::table::{Chunk, TableReader};

use super::columns::Columns;
use super::encoder::TableEncoder;
use super::number::{Number, Unfit};
use super::part::TablePart;
use super::spec::LabelKind;
use crate::batch::Batch;
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
    /// bounded memory.
    ///
    /// # Errors
    /// A file that cannot be read; a cell that cannot be used, named with its line; and whatever `visit` returns.
    pub fn for_each_batch(
        &self,
        part: &TablePart<'_>,
        mut visit: impl FnMut(&Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let columns = Columns::new(&self.categorical, self.numbers.iter().map(|n| n.column.as_str()), &self.tasks);
        let meaning = Meaning::new(self, &columns, &columns.texts(part.path())?);
        let mut batch = Batch::default();
        TableReader::open(part.path())?.for_each_chunk(&columns.wanted, |chunk| {
            batch.clear();
            let rows = Rows { encoder: self, columns: &columns, meaning: &meaning, chunk };
            for row in (0..chunk.rows()).filter(|row| part.holds(chunk.first_row() + row)) {
                rows.push(row, &mut batch)?;
            }
            if batch.features.rows > 0 { visit(&batch) } else { Ok(()) }
        })?;
        Ok(())
    }
}

/// What the codes of the file's ids mean.
struct Meaning {
    /// Per field, code → row of the embedding table.
    field: Vec<Vec<u32>>,
    /// Per task with a text as label, code → whether it is the positive one.
    positive: Vec<Vec<bool>>,
    /// Per task with a mask, code → whether the label counts.
    counts: Vec<Vec<bool>>,
}

impl Meaning {
    fn new(encoder: &TableEncoder, columns: &Columns<'_>, texts: &[Vec<String>]) -> Self {
        let columns_and_tables = encoder.categorical.iter().zip(&encoder.table_of);
        let field = columns_and_tables.zip(texts).flat_map(|((column, &table), texts)| {
            let rows = &encoder.tables[table].rows;
            (0..column.hashes()).map(|hash| texts.iter().map(|text| rows.row(text, hash)).collect())
        });
        let equal = |slot: usize, wanted: &str| texts[slot].iter().map(|text| text == wanted).collect();
        let tasks = || encoder.tasks.iter().enumerate();
        let positive = |text: &Option<String>, task| text.as_ref().map(|text| equal(columns.label(task), text));
        let counts = |task: usize| columns.mask[task].zip(encoder.tasks[task].mask.as_ref());
        Self {
            field: field.collect(),
            positive: tasks().map(|(i, task)| positive(&task.label.positive, i).unwrap_or_default()).collect(),
            counts: tasks()
                .map(|(i, _)| counts(i).map(|(slot, mask)| equal(slot, &mask.equals)).unwrap_or_default())
                .collect(),
        }
    }
}

/// The rows of a chunk.
struct Rows<'a> {
    encoder: &'a TableEncoder,
    columns: &'a Columns<'a>,
    meaning: &'a Meaning,
    chunk: &'a Chunk<'a>,
}

impl Rows<'_> {
    fn push(&self, row: usize, batch: &mut Batch) -> Result<(), Error> {
        let mut field = self.meaning.field.iter();
        for (slot, column) in self.encoder.categorical.iter().enumerate() {
            for rows in field.by_ref().take(column.hashes() as usize) {
                batch.features.ids.push(self.look_up(rows, slot, row)?);
            }
        }
        for (index, number) in self.encoder.numbers.iter().enumerate() {
            self.number(self.columns.categorical + index, row, number, &mut batch.features.dense)?;
        }
        batch.features.rows += 1;
        for task in 0..self.encoder.tasks.len() {
            let label = match self.columns.mask[task] {
                Some(slot) if !self.look_up(&self.meaning.counts[task], slot, row)? => None,
                _ => Some(self.label(task, row)?),
            };
            batch.labels.value.push(label.unwrap_or(0.0));
            batch.labels.weight.push(if label.is_some() { 1.0 } else { 0.0 });
        }
        Ok(())
    }

    fn number(&self, slot: usize, row: usize, number: &Number, out: &mut Vec<f32>) -> Result<(), Error> {
        let x = self.chunk.number(slot)[row];
        number.encode(x, out).map_err(|unfit| self.unfit(slot, row, x, unfit))
    }

    fn label(&self, task: usize, row: usize) -> Result<f32, Error> {
        let (slot, label) = (self.columns.label(task), &self.encoder.tasks[task].label);
        if label.positive.is_some() {
            let positive = self.look_up(&self.meaning.positive[task], slot, row)?;
            return Ok(if positive { 1.0 } else { 0.0 });
        }
        let x = self.chunk.number(slot)[row];
        let refused = match label.kind() {
            _ if x.is_nan() => ("the label is missing", "fill it, or give the task a mask"),
            LabelKind::Binary if x != 0.0 && x != 1.0 => {
                ("a binary label is 0 or 1", "mend the cell, or declare kind = \"number\"")
            }
            LabelKind::Number if !(x as f32).is_finite() => ("a label must be finite in float32", "mend the cell"),
            LabelKind::Binary | LabelKind::Number => return Ok(x as f32),
        };
        Err(self.unfit(slot, row, x, refused))
    }

    /// What an id's code means; a code beyond those of the first pass is that of a file which changed since.
    fn look_up<T: Copy>(&self, meaning: &[T], slot: usize, row: usize) -> Result<T, Error> {
        let code = self.chunk.id(slot)[row] as usize;
        meaning.get(code).copied().ok_or_else(|| Error::BadCell {
            place: self.place(slot, row),
            problem: "the file changed while it was read".to_owned(),
            mend: "encode it again when nothing writes it",
        })
    }

    fn unfit(&self, slot: usize, row: usize, x: f64, (problem, mend): Unfit) -> Error {
        let problem = if x.is_nan() { problem.to_owned() } else { format!("{x}: {problem}") };
        Error::BadCell { place: self.place(slot, row), problem, mend }
    }

    fn place(&self, slot: usize, row: usize) -> String {
        self.chunk.place(self.chunk.first_row() + row, self.columns.wanted[slot].name)
    }
}
