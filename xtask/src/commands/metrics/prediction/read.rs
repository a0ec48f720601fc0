//! Reading predictions: the columns that are there, and the rows that every metric takes.

use anyhow::{Result, bail};
use slatewise_data::table::{Column, IdColumn, Place, TableReader, Wanted};

use super::{Arguments, Task};

/// Rejected rows that are told one by one.
const TOLD: usize = 5;

/// The rows that count, as columns.
#[derive(Debug, Default)]
pub(super) struct Examples {
    pub(super) score: Vec<f64>,
    pub(super) label: Vec<f64>,
    /// None if the file has no such column.
    pub(super) weight: Option<Vec<f64>>,
    /// None if the file has no such column.
    pub(super) user: Option<IdColumn>,
    /// Names under which the optional columns were looked for.
    pub(super) weight_column: String,
    pub(super) user_column: String,
    pub(super) rejected: Rejected,
}

/// The rows that were left out.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    pub(super) rows: usize,
    /// The first of them, a data row counted from 1.
    pub(super) first_row: Option<usize>,
    /// Why, for the first few, and how many more there are.
    pub(super) reasons: Vec<String>,
}

impl Examples {
    /// Reads the file; users and weights only where something needs them.
    pub(super) fn read(arguments: &Arguments, users: bool, weights: bool) -> Result<Self> {
        let reader = TableReader::open(&arguments.input)?;
        // A column that was asked for by name must be there; one with its usual name may be.
        let optional = |asked: &Option<String>, usual: &str| {
            let name = asked.clone().unwrap_or_else(|| usual.to_owned());
            let read = asked.is_some() || reader.has(&name);
            (name, read)
        };
        let (weight_column, has_weight) = optional(&arguments.weight_column, "weight");
        let (user_column, has_user) = optional(&arguments.user_column, "user_id");
        let (has_weight, has_user) = (has_weight && (weights || arguments.weight_column.is_some()), has_user && users);
        // An empty cell, which is how pandas writes NaN, is a bad row like any other where bad rows may be left out.
        let number = if arguments.skip_bad_rows { Wanted::number_or_empty } else { Wanted::number };
        let mut wanted = vec![number(&arguments.score_column), number(&arguments.label_column)];
        wanted.extend(has_weight.then(|| number(&weight_column)));
        wanted.extend(has_user.then(|| Wanted::id(&user_column)));
        let place = reader.places();
        let mut columns = reader.read(&wanted)?.into_columns().into_iter();
        let mut numbers = || columns.next().map(Column::into_numbers);
        let (score, label) = (numbers().unwrap_or_default(), numbers().unwrap_or_default());
        let weight = if has_weight { numbers() } else { None };
        let user = if has_user { columns.next().map(Column::into_ids) } else { None };
        let rejected = Rejected::default();
        let mut examples = Self { score, label, weight, user, weight_column, user_column, rejected };
        examples.check(arguments, &place)?;
        Ok(examples)
    }

    /// The weights, or why there are none.
    pub(super) fn weights(&self) -> Result<&[f64], String> {
        let reason = || format!("the file has no column `{}`; name it with --weight-column", self.weight_column);
        self.weight.as_deref().ok_or_else(reason)
    }

    /// Refuses the first bad row, or leaves out all of them.
    fn check(&mut self, arguments: &Arguments, place: &Place) -> Result<()> {
        let bad: Vec<usize> = (0..self.score.len()).filter(|&row| self.fault(row, arguments).is_some()).collect();
        let Some(&first) = bad.first() else { return Ok(()) };
        let reason = |row| {
            let (column, fault) = self.fault(row, arguments).unwrap_or_default();
            (place.place(row, column), fault)
        };
        if !arguments.skip_bad_rows {
            let (cell, fault) = reason(first);
            bail!("{cell}: {fault}, or pass --skip-bad-rows to leave such rows out");
        }
        if bad.len() == self.score.len() {
            let (cell, fault) = reason(first);
            bail!("{cell}: {fault}; every row is bad, and none is left");
        }
        let told = bad.iter().take(TOLD).map(|&row| {
            let (cell, fault) = reason(row);
            format!("row left out: {cell}: {fault}")
        });
        let more = bad.len().saturating_sub(TOLD);
        let more = (more > 0).then(|| format!("{more} more rows left out"));
        let reasons = told.chain(more).collect();
        self.rejected = Rejected { rows: bad.len(), first_row: Some(first + 1), reasons };
        self.drop_rows(&bad);
        Ok(())
    }

    /// The column that is to blame for a bad row, and what is wrong with it.
    fn fault<'a>(&self, row: usize, arguments: &'a Arguments) -> Option<(&'a str, String)>
    where
        Self: 'a,
    {
        let (score, label) = (self.score[row], self.label[row]);
        let weight = self.weight.as_ref().map_or(1.0, |weight| weight[row]);
        let not_finite = |value: f64| format!("{value} is not a finite number; mend the cell");
        if !score.is_finite() {
            Some((&arguments.score_column, not_finite(score)))
        } else if arguments.task == Task::Binary && label != 0.0 && label != 1.0 {
            let mend = "map the label to 0 and 1, or pass --task regression for numbers";
            Some((&arguments.label_column, format!("{label} is neither 0 nor 1; {mend}")))
        } else if !label.is_finite() {
            Some((&arguments.label_column, not_finite(label)))
        } else if !weight.is_finite() {
            Some((arguments.weight_column.as_deref().unwrap_or("weight"), not_finite(weight)))
        } else if weight != 0.0 && !(1e-100..=1e100).contains(&weight) {
            let fault = format!("{weight} is neither 0 nor between 1e-100 and 1e100; mend or rescale the weights");
            Some((arguments.weight_column.as_deref().unwrap_or("weight"), fault))
        } else {
            None
        }
    }

    /// Removes rows, given in ascending order.
    fn drop_rows(&mut self, rows: &[usize]) {
        fn without<T>(column: &mut Vec<T>, rows: &[usize]) {
            let (mut row, mut next) = (0, rows.iter().peekable());
            column.retain(|_| {
                let keep = next.next_if_eq(&&row).is_none();
                row += 1;
                keep
            });
        }
        without(&mut self.score, rows);
        without(&mut self.label, rows);
        if let Some(weight) = &mut self.weight {
            without(weight, rows);
        }
        if let Some(user) = &mut self.user {
            without(&mut user.code, rows);
        }
    }
}
