//! Reading the rounds of a file: which columns, which policy, which rows are bad.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use slatewise_data::table::{Chunk, Place, TableError, TableReader, Wanted};
use slatewise_eval::off_policy::{BanditRounds, Round};

use super::{Arguments, EvaluationPolicy};

/// Rejected rows that are told one by one.
const TOLD: usize = 5;

/// The columns of the file that are read.
struct Layout {
    wanted: Vec<String>,
    actions: usize,
    evaluation: bool,
    q_hat: bool,
    mrdr: bool,
}

/// The rounds, those with MRDR's predictions if there are any, and what was rejected.
pub(super) struct Read {
    pub(super) rounds: BanditRounds,
    pub(super) mrdr: Option<BanditRounds>,
    pub(super) rejected: usize,
    pub(super) reasons: Vec<String>,
}

/// Reads the log.
pub(super) fn read(arguments: &Arguments) -> Result<Read> {
    let reader = TableReader::open(&arguments.input)?;
    let place = reader.places();
    let layout = Layout::of(arguments, &reader)?;
    let mut rows = Rows::new(arguments, &layout, place)?;
    // An empty cell, which is how pandas writes NaN, is a bad row like any other where bad rows may be left out.
    let number = if arguments.skip_bad_rows { Wanted::number_or_empty } else { Wanted::number };
    let wanted: Vec<Wanted<'_>> = layout.wanted.iter().map(|name| number(name)).collect();
    reader.for_each_chunk(&wanted, |chunk| rows.take(chunk))?;
    if rows.read.rounds.is_empty() {
        bail!("{}: every row was rejected, the first because {}", arguments.input.display(), rows.read.reasons[0]);
    }
    let bounds = match arguments.reward_range.as_deref() {
        None => None,
        Some(&[low, high]) if low < high => Some((low, high)),
        Some(_) => bail!("--reward-range: pass the smallest and the largest reward, such as 0,1"),
    };
    let Read { rounds, mrdr, rejected, reasons } = rows.read;
    let declare = |rounds: BanditRounds| rounds.with_bounds(bounds, arguments.largest_weight);
    Ok(Read { rounds: declare(rounds), mrdr: mrdr.map(declare), rejected, reasons })
}

impl Layout {
    fn of(arguments: &Arguments, reader: &TableReader) -> Result<Self> {
        let path = arguments.input.display();
        let single = [&arguments.action_column, &arguments.reward_column, &arguments.propensity_column];
        let mut wanted: Vec<String> = single.map(Clone::clone).to_vec();
        let of_prefix = |prefix: &str| numbered(reader.header(), prefix, &arguments.input);
        let (pi, q_hat, mrdr) = (
            of_prefix(&arguments.evaluation_prefix)?,
            of_prefix(&arguments.q_hat_prefix)?,
            of_prefix(&arguments.mrdr_prefix)?,
        );
        let evaluation = arguments.evaluation == EvaluationPolicy::Columns;
        let actions = match (evaluation, arguments.actions) {
            (true, _) if pi.is_empty() => bail!(
                "{path}: no columns {0}0, {0}1, ... with the evaluation policy's probabilities; it has: {1}. Name them with --evaluation-prefix, or judge the uniform policy with --evaluation uniform --actions N",
                arguments.evaluation_prefix,
                reader.header().join(", ")
            ),
            (true, Some(actions)) if actions != pi.len() => {
                bail!("--actions {actions}: {path} has {} columns {}*", pi.len(), arguments.evaluation_prefix)
            }
            (true, _) => pi.len(),
            (false, Some(actions)) if actions > 0 => actions,
            (false, _) => bail!("--evaluation uniform needs --actions N, the number of actions to choose from"),
        };
        for (prefix, columns) in [(&arguments.q_hat_prefix, &q_hat), (&arguments.mrdr_prefix, &mrdr)] {
            if !columns.is_empty() && columns.len() != actions {
                bail!("{path}: {} columns {prefix}* for {actions} actions; give one per action", columns.len());
            }
        }
        let (has_q_hat, has_mrdr) = (!q_hat.is_empty(), !mrdr.is_empty());
        if evaluation {
            wanted.extend(pi);
        }
        wanted.extend(q_hat);
        wanted.extend(mrdr);
        Ok(Self { wanted, actions, evaluation, q_hat: has_q_hat, mrdr: has_mrdr })
    }
}

/// Columns `prefix0`, `prefix1`, ... in the order of their numbers, none missing.
fn numbered(header: &[String], prefix: &str, path: &Path) -> Result<Vec<String>> {
    let number = |name: &String| name.strip_prefix(prefix).and_then(|rest| rest.parse::<usize>().ok());
    let mut columns: Vec<(usize, String)> =
        header.iter().filter_map(|name| Some((number(name)?, name.clone()))).collect();
    columns.sort();
    if let Some((expected, (_, name))) = columns.iter().enumerate().find(|(expected, (found, _))| expected != found) {
        return Err(anyhow!(
            "{}: column `{name}` where `{prefix}{expected}` should come; number the actions 0, 1, 2, ...",
            path.display()
        ));
    }
    Ok(columns.into_iter().map(|(_, name)| name).collect())
}

/// Turns rows of the file into rounds.
struct Rows<'a> {
    arguments: &'a Arguments,
    layout: &'a Layout,
    place: Place,
    read: Read,
    uniform: Vec<f64>,
    cells: Vec<f64>,
    row: usize,
}

/// What stops the reading of the file.
#[derive(Debug)]
struct Stop(anyhow::Error);

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        Self(error.into())
    }
}

impl From<Stop> for anyhow::Error {
    fn from(stop: Stop) -> Self {
        stop.0
    }
}

impl<'a> Rows<'a> {
    fn new(arguments: &'a Arguments, layout: &'a Layout, place: Place) -> Result<Self> {
        let rounds = BanditRounds::with_actions(layout.actions)?;
        let mrdr = layout.mrdr.then(|| rounds.clone());
        let uniform = vec![1.0 / layout.actions as f64; layout.actions];
        let read = Read { rounds, mrdr, rejected: 0, reasons: Vec::new() };
        Ok(Self { arguments, layout, place, read, uniform, cells: vec![0.0; layout.wanted.len()], row: 0 })
    }

    fn take(&mut self, chunk: &Chunk<'_>) -> Result<(), Stop> {
        let columns: Vec<&[f64]> = (0..self.layout.wanted.len()).map(|index| chunk.number(index)).collect();
        for row in 0..chunk.rows() {
            for (cell, column) in self.cells.iter_mut().zip(&columns) {
                *cell = column[row];
            }
            self.row = chunk.first_row() + row;
            if let Err(reason) = self.push() {
                if !self.arguments.skip_bad_rows {
                    return Err(Stop(reason));
                }
                self.read.rejected += 1;
                if self.read.reasons.len() < TOLD {
                    self.read.reasons.push(reason.to_string());
                }
            }
        }
        Ok(())
    }

    fn push(&mut self) -> Result<()> {
        let actions = self.layout.actions;
        let (single, mut rest) = self.cells.split_at(3);
        let mut next = |present: bool| -> Option<&[f64]> {
            present.then(|| {
                let (columns, remaining) = rest.split_at(actions);
                rest = remaining;
                columns
            })
        };
        let evaluation = next(self.layout.evaluation).unwrap_or(&self.uniform);
        let (q_hat, mrdr) = (next(self.layout.q_hat), next(self.layout.mrdr));
        let action = single[0];
        if !(action >= 0.0 && action < actions as f64 && action.fract() == 0.0) {
            bail!(
                "{}: {action} is not among the actions 0 to {}",
                self.place.place(self.row, &self.arguments.action_column),
                actions - 1
            );
        }
        let round = Round { action: action as usize, reward: single[1], propensity: single[2], evaluation, q_hat };
        let place =
            |error: &slatewise_eval::Error| format!("{}, {}", self.place.row(self.row), named(error, self.arguments));
        self.read.rounds.push(&round).map_err(|error| anyhow!(place(&error)))?;
        if let Some(with_mrdr) = &mut self.read.mrdr {
            let round = Round { q_hat: mrdr, ..round };
            with_mrdr.push(&round).map_err(|error| anyhow!(place(&error)))?;
        }
        Ok(())
    }
}

/// The error with the file's own column name, without the log's own count of rows.
fn named(error: &slatewise_eval::Error, arguments: &Arguments) -> String {
    let text = error.to_string();
    let (what, rest) = text.split_once(": ").unwrap_or(("", &text));
    let what = what.split(", row").next().unwrap_or(what);
    match what {
        "propensity" => format!("column `{}`: {rest}", arguments.propensity_column),
        "reward" => format!("column `{}`: {rest}", arguments.reward_column),
        "evaluation probability" => format!("columns `{}*`: {rest}", arguments.evaluation_prefix),
        "q_hat" => format!("columns `{}*`: {rest}", arguments.q_hat_prefix),
        _ => rest.to_owned(),
    }
}
