//! Which columns of a file are read, in which order, and what their ids' texts are.
//!
//! ```text
//! slot   0 ..                                  then      then
//!        inputs of features: text, number,     labels    masks
//!        vector, each where it is read so
//! ```
//!
//! A reader hands out ids as codes and their texts at the end of the file. So the file is read twice, first for the
//! texts alone: what is kept is one row per *distinct* value, never the file.

use std::path::Path;

use slatewise_data::table::{Kind, TableReader, Wanted};

use super::input::Input;
use super::spec::{MissingLabel, TableMask, TableTask};
use crate::error::Error;

/// The wanted columns, and where features and tasks find theirs.
pub(super) struct Columns<'a> {
    pub(super) wanted: Vec<Wanted<'a>>,
    inputs: Vec<Slots>,
    /// Per task the slot of its label.
    pub(super) label: Vec<usize>,
    /// Per task the slot of its mask.
    pub(super) mask: Vec<Option<usize>>,
}

/// Where an input is found as what; 0 where it is not read so.
#[derive(Debug, Clone, Copy, Default)]
struct Slots {
    text: usize,
    number: usize,
    vector: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn new(inputs: &'a [Input], tasks: &'a [TableTask]) -> Self {
        let mut wanted: Vec<Wanted<'a>> = Vec::new();
        let mut place = |column: Wanted<'a>| {
            wanted.push(column);
            wanted.len() - 1
        };
        let slots = |input: &'a Input| {
            let name = &input.column;
            Slots {
                text: if input.text { place(Wanted::id_or_empty(name)) } else { 0 },
                number: if input.number { place(Wanted::number_or_empty(name)) } else { 0 },
                vector: input.vector.map_or(0, |width| place(Wanted::vector(name, width))),
            }
        };
        let inputs = inputs.iter().map(slots).collect();
        let label = |task: &'a TableTask| {
            let name = &task.label.column;
            place(match task.label.positive {
                Some(_) if task.missing == MissingLabel::Refuse => Wanted::id(name),
                Some(_) => Wanted::id_or_empty(name),
                // Where the mask does not hold, the cell may be empty.
                None => Wanted::number_or_empty(name),
            })
        };
        let label = tasks.iter().map(label).collect();
        let mut mask = |mask: &'a TableMask| place(Wanted::id_or_empty(&mask.column));
        let mask = tasks.iter().map(|task| task.mask.as_ref().map(&mut mask)).collect();
        Self { wanted, inputs, label, mask }
    }

    /// Slot of an input's texts.
    pub(super) fn text(&self, input: usize) -> usize {
        self.inputs[input].text
    }

    /// Slot of an input's numbers.
    pub(super) fn number(&self, input: usize) -> usize {
        self.inputs[input].number
    }

    /// By input, the slot of its numbers, if it is read as such.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        let is_number = |slot: &usize| matches!(self.wanted[*slot].kind, Kind::Number | Kind::NumberOrEmpty);
        self.inputs.iter().map(move |slots| Some(slots.number).filter(is_number))
    }

    /// Slot of an input's vectors.
    pub(super) fn vector(&self, input: usize) -> usize {
        self.inputs[input].vector
    }

    /// The texts of each column of ids in a file, by code; none for slots that are not asked for.
    pub(super) fn texts(&self, path: &Path, asked: impl Fn(usize) -> bool) -> Result<Vec<Vec<String>>, Error> {
        let ids: Vec<usize> =
            (0..self.wanted.len()).filter(|&slot| self.wanted[slot].kind.is_id() && asked(slot)).collect();
        let mut texts = vec![Vec::new(); self.wanted.len()];
        if !ids.is_empty() {
            let wanted: Vec<Wanted<'a>> = ids.iter().map(|&slot| self.wanted[slot]).collect();
            let found = TableReader::open(path)?.for_each_chunk(&wanted, |_| Ok::<(), Error>(()))?;
            ids.into_iter().zip(found).for_each(|(slot, found)| texts[slot] = found);
        }
        Ok(texts)
    }

    /// Slots of ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.wanted.len()).filter(|&slot| self.is_id(slot))
    }

    /// Whether ids are read into a slot.
    pub(super) fn is_id(&self, slot: usize) -> bool {
        self.wanted[slot].kind.is_id()
    }
}
