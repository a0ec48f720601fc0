//! Reading a run and its judgements, numbered alike.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use slatewise_data::table::{Column, IdColumn, Place, TableReader, Wanted};
use slatewise_eval::Error;
use slatewise_eval::ranking::{JudgedRun, Judgements, Run, Ties};

use super::Columns;

/// What the two files say.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) judged: JudgedRun,
    /// Ids of the users, by code.
    pub(super) users: Vec<String>,
    pub(super) run_rows: usize,
    pub(super) qrels_rows: usize,
}

/// One file, as columns.
struct Rows {
    user: IdColumn,
    item: IdColumn,
    value: Vec<f64>,
    place: Place,
    /// Names of the three columns.
    names: [String; 3],
}

impl Inputs {
    /// Reads and joins both files.
    pub(super) fn read(run: &Path, qrels: &Path, columns: &Columns, ties: Ties) -> Result<Self> {
        let value = columns.rank_column.as_ref().unwrap_or(&columns.score_column);
        let reader = TableReader::open(run)?;
        if columns.rank_column.is_none() && !reader.has(value) && reader.has("rank") {
            bail!("{}: no column `{value}`, but `rank`; pass --rank-column rank", run.display());
        }
        let mut run = Rows::read(reader, [&columns.user_column, &columns.item_column, value])?;
        if columns.rank_column.is_some() {
            run.check_ranks()?;
            run.value.iter_mut().for_each(|rank| *rank = -*rank);
        }
        let user = columns.qrels_user_column.as_ref().unwrap_or(&columns.user_column);
        let item = columns.qrels_item_column.as_ref().unwrap_or(&columns.item_column);
        let mut qrels = Rows::read(TableReader::open(qrels)?, [user, item, &columns.relevance_column])?;
        let users = number_alike(&mut run.user, &mut qrels.user);
        number_alike(&mut run.item, &mut qrels.item);
        let judged = JudgedRun::new(
            &Run { user: &run.user.code, item: &run.item.code, score: &run.value },
            &Judgements { user: &qrels.user.code, item: &qrels.item.code, relevance: &qrels.value },
            ties,
        );
        let judged = judged.map_err(|error| placed(error, &run, &qrels))?;
        Ok(Self { judged, users, run_rows: run.value.len(), qrels_rows: qrels.value.len() })
    }
}

impl Rows {
    fn read(reader: TableReader, [user, item, value]: [&String; 3]) -> Result<Self> {
        let place = reader.places();
        let table = reader.read(&[Wanted::id(user), Wanted::id(item), Wanted::number(value)])?;
        let names = [user.clone(), item.clone(), value.clone()];
        let mut columns = table.into_columns().into_iter();
        let mut ids = || columns.next().map(Column::into_ids).unwrap_or_default();
        let (user, item) = (ids(), ids());
        let value = columns.next().map(Column::into_numbers).unwrap_or_default();
        Ok(Self { user, item, value, place, names })
    }

    /// Refuses places that are not counted from 0 or 1.
    fn check_ranks(&self) -> Result<()> {
        match self.value.iter().position(|&rank| !(rank >= 0.0 && rank.is_finite())) {
            Some(row) => bail!(
                "{}: {} is no place in a list; number the items from 1, the best first",
                self.place.place(row, &self.names[2]),
                self.value[row]
            ),
            None => Ok(()),
        }
    }
}

/// Numbers the ids of two columns by their names, byte by byte, and returns those.
fn number_alike(a: &mut IdColumn, b: &mut IdColumn) -> Vec<String> {
    let mut names: Vec<String> = a.names.iter().chain(&b.names).cloned().collect();
    names.sort_unstable();
    names.dedup();
    for column in [a, b] {
        // Every name is among them.
        let code = |name: &String| names.binary_search(name).unwrap_or_default() as u32;
        let codes: Vec<u32> = column.names.iter().map(code).collect();
        column.code.iter_mut().for_each(|own| *own = codes[*own as usize]);
    }
    names
}

/// Names the cell that the library refuses by its row.
fn placed(error: Error, run: &Rows, qrels: &Rows) -> anyhow::Error {
    let of = |what| if matches!(what, "run" | "score") { run } else { qrels };
    match error {
        Error::NotFinite { what, row, value } => {
            let rows = of(what);
            let cell = rows.place.place(row - 1, &rows.names[2]);
            anyhow!("{cell}: {value} is not a finite number; mend the cell or leave the row out")
        }
        Error::Negative { what, row, value } => {
            let rows = of(what);
            anyhow!("{}: {value} is below 0; a relevance is 0 or more", rows.place.place(row - 1, &rows.names[2]))
        }
        Error::DuplicatePair { what, row, first } => {
            let rows = of(what);
            let cell = rows.place.place(row - 1, &rows.names[1]);
            anyhow!("{cell}: the user's item stands in data row {first} already; keep one of the two")
        }
        other => other.into(),
    }
}
