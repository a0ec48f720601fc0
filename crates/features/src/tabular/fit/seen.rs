//! The pass over the train rows.

use std::collections::HashMap;

use rayon::prelude::*;
use slatewise_data::table::Chunk;

use super::super::bucket::Cuts;
use super::super::calendar::{Calendar, count};
use super::super::columns::Columns;
use super::super::combination::Key;
use super::super::input::Inputs;
use super::super::labels::{Labels, look_up, unfit};
use super::super::number::NumberFit;
use super::super::part::TablePart;
use super::super::quantile::Sample;
use super::super::spec::{CategoricalColumn, TableSpec};
use super::super::target::TargetFit;
use super::super::vector::VectorFit;
use super::bad;
use crate::error::Error;

/// Values shown in a message.
const MOST_SHOWN: usize = 12;

/// What the pass gathers.
pub(super) struct Seen<'a> {
    pub(super) spec: &'a TableSpec,
    pub(super) inputs: &'a Inputs,
    pub(super) columns: &'a Columns<'a>,
    pub(super) rows: u64,
    /// Per slot of ids, train rows per code.
    pub(super) counts: Vec<Vec<u64>>,
    /// Per categorical column that is cut into buckets.
    pub(super) cuts: Vec<Option<CutFit>>,
    /// Per cross that keeps a vocabulary, train rows per combination of codes.
    pub(super) crosses: Vec<Option<HashMap<Key, u64>>>,
    pub(super) numbers: Vec<NumberFit>,
    pub(super) calendars: Vec<CalendarFit>,
    pub(super) targets: Vec<TargetFit>,
    /// Per statistic of labels with groups, code of the group → fold.
    fold_of: Vec<Vec<u64>>,
    /// Per statistic of labels its task.
    pub(super) task_of: Vec<usize>,
    pub(super) vectors: Vec<VectorFit>,
}

/// Numbers to be cut into buckets.
#[derive(Debug, Default)]
pub(super) struct CutFit {
    pub(super) sample: Sample,
    pub(super) present: u64,
    pub(super) missing: u64,
}

/// Times, by the rows of their parts.
pub(super) struct CalendarFit {
    pub(super) calendar: Calendar,
    pub(super) rows: Vec<Vec<u64>>,
}

impl<'a> Seen<'a> {
    /// `early` are the texts of labels, masks and groups where a statistic of labels is declared.
    pub(super) fn new(
        spec: &'a TableSpec,
        inputs: &'a Inputs,
        columns: &'a Columns<'a>,
        early: &[Vec<String>],
    ) -> Self {
        let cut = |column: &CategoricalColumn| column.is_cut().then(CutFit::default);
        let targets: Vec<TargetFit> = spec.target.iter().map(TargetFit::new).collect();
        let fold_of = targets.iter().zip(&inputs.group).map(|(target, group)| match group {
            Some(group) => early[columns.text(*group)].iter().map(|text| target.folds.of_group(text)).collect(),
            None => Vec::new(),
        });
        // `TableSpec::validate` has found each task.
        let task_of = |task: &String| spec.tasks.iter().take_while(|t| t.name != *task).count();
        let calendars = spec.calendar.iter().zip(&inputs.calendar).map(|(spec, &input)| CalendarFit {
            calendar: Calendar::new(spec, input, 0),
            rows: spec.parts.iter().map(|&part| vec![0; count(part)]).collect(),
        });
        Self {
            rows: 0,
            counts: vec![Vec::new(); columns.wanted.len()],
            cuts: spec.categorical.iter().map(cut).collect(),
            crosses: spec.cross.iter().map(|cross| cross.buckets.is_none().then(HashMap::new)).collect(),
            numbers: spec.numeric.iter().map(NumberFit::new).collect(),
            calendars: calendars.collect(),
            fold_of: fold_of.collect(),
            task_of: spec.target.iter().map(|target| task_of(&target.task)).collect(),
            vectors: spec.vector.iter().map(VectorFit::new).collect(),
            targets,
            spec,
            inputs,
            columns,
        }
    }

    pub(super) fn take_in(
        &mut self,
        chunk: &Chunk<'_>,
        labels: &Labels<'_>,
        part: &TablePart<'_>,
    ) -> Result<(), Error> {
        let rows: Vec<usize> = (0..chunk.rows()).filter(|row| part.holds(chunk.first_row() + row)).collect();
        self.rows += rows.len() as u64;
        let columns = self.columns;
        self.counts.par_iter_mut().enumerate().filter(|&(slot, _)| columns.is_id(slot)).for_each(|(slot, counts)| {
            let codes = chunk.id(slot);
            // Codes of rows that are held out are counted 0 times.
            let codes_seen = codes.iter().max().map_or(0, |&code| code as usize + 1);
            counts.resize(codes_seen.max(counts.len()), 0);
            rows.iter().for_each(|&row| counts[codes[row] as usize] += 1);
        });
        self.take_numbers(chunk, &rows)?;
        for (cross, inputs) in self.crosses.iter_mut().zip(&self.inputs.cross) {
            let Some(counts) = cross else { continue };
            rows.iter().for_each(|&row| *counts.entry(key(self.columns, inputs, chunk, row)).or_default() += 1);
        }
        self.take_labels(chunk, labels, &rows)
    }

    fn take_numbers(&mut self, chunk: &Chunk<'_>, rows: &[usize]) -> Result<(), Error> {
        let (columns, inputs) = (self.columns, self.inputs);
        let refused = |slot, row| move |problem| unfit(chunk, columns, slot, row, problem);
        let numbers = self.numbers.par_iter_mut().zip(&inputs.numeric).map(|(fit, &input)| {
            let slot = columns.number(input);
            rows.iter().try_for_each(|&row| fit.push(chunk.number(slot)[row]).map_err(refused(slot, row)))
        });
        // Of several columns that are refused the first declared one is told, whatever the threads.
        numbers.collect::<Vec<_>>().into_iter().collect::<Result<(), _>>()?;
        for (fit, &input) in self.cuts.iter_mut().zip(&inputs.categorical) {
            let Some(fit) = fit else { continue };
            let slot = columns.number(input);
            rows.iter().try_for_each(|&row| fit.push(chunk.number(slot)[row]).map_err(refused(slot, row)))?;
        }
        for (fit, &input) in self.calendars.iter_mut().zip(&inputs.calendar) {
            let slot = columns.number(input);
            rows.iter().try_for_each(|&row| fit.push(chunk.number(slot)[row]).map_err(refused(slot, row)))?;
        }
        for ((fit, &input), spec) in self.vectors.iter_mut().zip(&inputs.vector).zip(&self.spec.vector) {
            let (slot, width) = (columns.vector(input), spec.width as usize);
            let vectors = chunk.vector(slot);
            rows.iter().try_for_each(|&row| fit.push(&vectors[row * width..][..width]).map_err(refused(slot, row)))?;
        }
        Ok(())
    }

    fn take_labels(&mut self, chunk: &Chunk<'_>, labels: &Labels<'_>, rows: &[usize]) -> Result<(), Error> {
        for (index, target) in self.targets.iter_mut().enumerate() {
            for &row in rows {
                let Some(label) = labels.of(chunk, self.task_of[index], row)? else { continue };
                let fold = match self.inputs.group[index] {
                    Some(group) => look_up(&self.fold_of[index], chunk, self.columns, self.columns.text(group), row)?,
                    None => target.folds.of_row((chunk.first_row() + row) as u64),
                };
                target.push(key(self.columns, &self.inputs.target[index], chunk, row), fold, label);
            }
        }
        Ok(())
    }

    /// A text that no train row has is a misspelt one: all labels would be 0.
    pub(super) fn check_texts(&self, texts: &[Vec<String>]) -> Result<(), Error> {
        let columns = self.columns;
        for (index, task) in self.spec.tasks.iter().enumerate() {
            let label = task.label.positive.as_ref().map(|text| ("label.positive", columns.label[index], text));
            let mask =
                task.mask.as_ref().zip(columns.mask[index]).map(|(mask, slot)| ("mask.equals", slot, &mask.equals));
            for (key, slot, text) in label.into_iter().chain(mask) {
                let mut known: Vec<(&str, u64)> =
                    texts[slot].iter().map(String::as_str).zip(self.counts[slot].iter().copied()).collect();
                known.retain(|&(known, count)| count > 0 && !known.is_empty());
                if !known.iter().any(|(known, _)| known == text) {
                    known.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
                    let shown: Vec<String> = known.iter().take(MOST_SHOWN).map(|(t, _)| format!("`{t}`")).collect();
                    let column = columns.wanted[slot].name;
                    let problem = format!("no train row has `{text}` in column `{column}`");
                    let mend = format!("name one of its values, such as {}", shown.join(", "));
                    return Err(bad(format!("table.tasks.{}.{key}", task.name), problem, mend));
                }
            }
        }
        Ok(())
    }
}

/// The codes of a row's combination.
fn key(columns: &Columns<'_>, inputs: &[usize], chunk: &Chunk<'_>, row: usize) -> Key {
    let mut key = Key::default();
    key.iter_mut().zip(inputs).for_each(|(place, &input)| *place = chunk.id(columns.text(input))[row]);
    key
}

impl CutFit {
    fn push(&mut self, x: f64) -> Result<(), (&'static str, &'static str)> {
        // Any cuts refuse what is no number to be cut.
        Cuts::declared(&[]).row(x)?;
        if x.is_nan() {
            self.missing += 1;
        } else {
            self.present += 1;
            self.sample.push(x);
        }
        Ok(())
    }
}

impl CalendarFit {
    fn push(&mut self, time: f64) -> Result<(), (&'static str, &'static str)> {
        for (rows, row) in self.rows.iter_mut().zip(self.calendar.rows(time)?) {
            rows[row as usize] += 1;
        }
        Ok(())
    }
}
