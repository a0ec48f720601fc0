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
    /// `texts` are those of the file's ids, by slot and code.
    pub(super) fn new(tasks: &'a [TableTask], columns: &'a Columns<'a>, texts: &[Vec<String>]) -> Self {
        let positive = |(task, &slot): (&TableTask, &usize)| match &task.label.positive {
            Some(positive) => texts[slot].iter().map(|text| (!text.is_empty()).then_some(text == positive)).collect(),
            None => Vec::new(),
        };
        let counts = |(task, &slot): (&TableTask, &Option<usize>)| match task.mask.as_ref().zip(slot) {
            Some((mask, slot)) => texts[slot].iter().map(|text| *text == mask.equals).collect(),
            None => Vec::new(),
        };
        Self {
            tasks,
            columns,
            positive: tasks.iter().zip(&columns.label).map(positive).collect(),
            counts: tasks.iter().zip(&columns.mask).map(counts).collect(),
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
    meaning.get(code).copied().ok_or_else(|| Error::BadCell {
        place: chunk.place(chunk.first_row() + row, columns.wanted[slot].name),
        problem: "the file changed while it was read".to_owned(),
        mend: "encode it again when nothing writes it",
    })
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
