//! The labels of a file's rows: one number per row and task, or none where the label does not count.

use slatewise_data::table::Chunk;

use super::columns::Columns;
use super::number::Unfit;
use super::spec::{LabelKind, MissingLabel, TableTask};
use crate::error::Error;

/// What the codes of labels and masks mean.
pub(super) struct Labels<'a> {
    tasks: &'a [TableTask],
    columns: &'a Columns<'a>,
    /// Per task with a text as label, code → whether it is the positive one; none for the empty text.
    positive: Vec<Vec<Option<bool>>>,
    /// Per task with a mask, code → whether the label counts.
    counts: Vec<Vec<bool>>,
}

impl<'a> Labels<'a> {
    /// Nothing is known of the file's texts yet.
    pub(super) fn new(tasks: &'a [TableTask], columns: &'a Columns<'a>) -> Self {
        Self { tasks, columns, positive: vec![Vec::new(); tasks.len()], counts: vec![Vec::new(); tasks.len()] }
    }

    /// Learns what further texts of the file's ids mean, by slot, in the order of their codes.
    pub(super) fn learn(&mut self, texts: &[Vec<String>]) {
        for (task, spec) in self.tasks.iter().enumerate() {
            if let Some(positive) = &spec.label.positive {
                let texts = texts[self.columns.label[task]].iter();
                self.positive[task].extend(texts.map(|text| (!text.is_empty()).then_some(text == positive)));
            }
            if let Some((mask, slot)) = spec.mask.as_ref().zip(self.columns.mask[task]) {
                self.counts[task].extend(texts[slot].iter().map(|text| *text == mask.equals));
            }
        }
    }

    /// The label of a row of a chunk, if it counts.
    pub(super) fn of(&self, chunk: &Chunk<'_>, task: usize, row: usize) -> Result<Option<f32>, Error> {
        if let Some(slot) = self.columns.mask[task]
            && !look_up(&self.counts[task], chunk, self.columns, slot, row)?
        {
            return Ok(None);
        }
        let (slot, declared) = (self.columns.label[task], &self.tasks[task]);
        let masked = declared.missing == MissingLabel::Mask;
        if declared.label.positive.is_some() {
            let positive = look_up(&self.positive[task], chunk, self.columns, slot, row)?;
            return Ok(positive.map(|positive| if positive { 1.0 } else { 0.0 }));
        }
        let x = chunk.number(slot)[row];
        let refused = match declared.label.kind() {
            _ if x.is_nan() && masked => return Ok(None),
            _ if x.is_nan() => ("the label is missing", "fill it, or give the task a mask or missing = \"mask\""),
            LabelKind::Binary if x != 0.0 && x != 1.0 => {
                ("a binary label is 0 or 1", "mend the cell, or declare kind = \"number\"")
            }
            LabelKind::Number if !(x as f32).is_finite() => ("a label must be finite in float32", "mend the cell"),
            LabelKind::Binary | LabelKind::Number => return Ok(Some(x as f32)),
        };
        Err(unfit(chunk, self.columns, slot, row, refused))
    }
}

/// What an id's code means; a code beyond those of the first pass is that of a file which changed since.
pub(super) fn look_up<T: Copy>(
    meaning: &[T],
    chunk: &Chunk<'_>,
    columns: &Columns<'_>,
    slot: usize,
    row: usize,
) -> Result<T, Error> {
    let code = chunk.id(slot)[row] as usize;
    meaning.get(code).copied().ok_or_else(|| changed(chunk, columns, slot, row))
}

/// A code without a meaning: another process writes the file.
pub(super) fn changed(chunk: &Chunk<'_>, columns: &Columns<'_>, slot: usize, row: usize) -> Error {
    Error::BadCell {
        place: chunk.place(chunk.first_row() + row, columns.wanted[slot].name),
        problem: "the file changed while it was read".to_owned(),
        mend: "encode it again when nothing writes it",
    }
}

/// A number that cannot be used.
pub(super) fn unfit(
    chunk: &Chunk<'_>,
    columns: &Columns<'_>,
    slot: usize,
    row: usize,
    (problem, mend): Unfit,
) -> Error {
    let place = chunk.place(chunk.first_row() + row, columns.wanted[slot].name);
    let number = match columns.wanted[slot].kind {
        slatewise_data::table::Kind::Number | slatewise_data::table::Kind::NumberOrEmpty => chunk.number(slot)[row],
        _ => f64::NAN,
    };
    let problem = if number.is_nan() { problem.to_owned() } else { format!("{number}: {problem}") };
    Error::BadCell { place, problem, mend }
}
