//! One row → its ids and dense values: the one road of rows of a file and live rows.
//!
//! Where cells come from is behind [`Cells`]: a file's reader hands out codes whose meaning was looked up once per value,
//! a live row has texts. Every row asks for the same look-ups in the same order, so a file's meanings are found by counting.

use super::combination::{Key, MOST_COLUMNS};
use super::encoder::{Categorical, Cross, TableEncoder};
use super::hash::{bucket_of, of_text};
use super::number::Unfit;
use super::target::Target;
use super::vocabulary::TableRows;
use crate::batch::FeatureBatch;
use crate::error::Error;

/// The cells of a row, by input.
pub(super) trait Cells {
    /// What the text of a cell means; the empty text where it is missing.
    fn look_up(&mut self, input: usize, meaning: impl Fn(&str) -> u64) -> Result<u64, Refused>;

    /// The number of a cell; NaN where it is missing.
    fn number(&self, input: usize) -> f64;

    /// Appends the vector of a cell; NaN in all places where it is missing.
    fn vector(&self, input: usize, width: u32, out: &mut Vec<f32>) -> Result<(), Refused>;
}

/// Why a row is refused.
#[derive(Debug)]
pub(super) enum Refused {
    Number(usize, Unfit),
    Vector(usize, Unfit),
    Whole(Error),
}

impl TableEncoder {
    /// Appends a row; `train_row` is its number in the train file, if it is one of those that were fitted on.
    pub(super) fn push_row<C: Cells>(
        &self,
        cells: &mut C,
        train_row: Option<u64>,
        out: &mut FeatureBatch,
    ) -> Result<(), Refused> {
        for column in &self.categorical {
            self.push_categorical(column, cells, &mut out.ids)?;
        }
        for cross in &self.crosses {
            out.ids.push(self.cross(cross, cells)?);
        }
        for number in &self.numbers {
            let refused = |unfit| Refused::Number(number.input, unfit);
            number.encode(cells.number(number.input), &mut out.dense).map_err(refused)?;
        }
        for calendar in &self.calendars {
            let refused = |unfit| Refused::Number(calendar.input, unfit);
            calendar.encode(cells.number(calendar.input), &mut out.ids, &mut out.dense).map_err(refused)?;
        }
        for target in &self.targets {
            out.dense.push(statistic(target, cells, train_row)?);
        }
        for vector in &self.vectors {
            cells.vector(vector.input, vector.width, &mut out.dense)?;
            vector.encode(&mut out.dense).map_err(|unfit| Refused::Vector(vector.input, unfit))?;
        }
        out.rows += 1;
        Ok(())
    }

    fn push_categorical<C: Cells>(&self, of: &Categorical, cells: &mut C, ids: &mut Vec<u32>) -> Result<(), Refused> {
        let rows = &self.tables[of.table].rows;
        if let TableRows::Cuts(cuts) = rows {
            ids.push(cuts.row(cells.number(of.input)).map_err(|unfit| Refused::Number(of.input, unfit))?);
            return Ok(());
        }
        for hash in 0..of.declared.hashes() {
            ids.push(cells.look_up(of.input, |text| rows.row(text, hash).into())? as u32);
        }
        Ok(())
    }

    fn cross<C: Cells>(&self, cross: &Cross, cells: &mut C) -> Result<u32, Refused> {
        match &self.tables[cross.table].rows {
            TableRows::Combinations(combinations) => {
                let key = key(&cross.inputs, cells, |column, text| combinations.part(column, text))?;
                Ok(combinations.find(&key).map_or(0, |place| place + 1))
            }
            rows => {
                let mut hashes = [0; MOST_COLUMNS];
                for (column, (hash, &input)) in hashes.iter_mut().zip(&cross.inputs).enumerate() {
                    *hash = cells.look_up(input, |text| of_text(text, column as u64))?;
                }
                Ok(bucket_of(&hashes, rows.count() as u32 - 1))
            }
        }
    }
}

fn key<C: Cells>(inputs: &[usize], cells: &mut C, part: impl Fn(usize, &str) -> u32) -> Result<Key, Refused> {
    let mut key = Key::default();
    for (column, (place, &input)) in key.iter_mut().zip(inputs).enumerate() {
        *place = cells.look_up(input, |text| part(column, text).into())? as u32;
    }
    Ok(key)
}

fn statistic<C: Cells>(target: &Target, cells: &mut C, train_row: Option<u64>) -> Result<f32, Refused> {
    let values = target.values();
    let key = key(target.inputs(), cells, |column, text| values.part(column, text))?;
    let Some(row) = train_row else { return Ok(target.live(&key)) };
    let folds = target.folds();
    let fold = match target.group() {
        None => folds.of_row(row),
        Some(group) => cells.look_up(group, |text| folds.of_group(text))?,
    };
    Ok(target.out_of_fold(&key, fold))
}
