//! Reading transitions from a file: every cell is checked, and named by file, row, line and column if it is bad.
//!
//! ```text
//! s,a,r,s2,done[,a2][,a flag]      CSV (.gz too) or Parquet
//! ```

use std::path::Path;

use anyhow::{Result, bail};
use slatewise_data::table::{Place, Table, TableReader, Wanted};
use slatewise_rl::Transition;

/// Pairs that a table may have: a number that was meant as a code would otherwise fill the memory.
const MOST_PAIRS: usize = 100_000_000;

/// Columns of the table, in the order in which they are asked for.
const COLUMNS: [&str; 5] = ["s", "a", "r", "s2", "done"];

/// A file, and how many states and actions it is said to have.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) states: Option<usize>,
    pub(super) actions: Option<usize>,
}

/// What to read beyond the usual columns.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extra {
    /// Column `a2`, the action taken next; may be empty where `done` is 1.
    pub(super) next_action: bool,
    /// A column of 0 and 1.
    pub(super) flag: Option<&'static str>,
}

/// The transitions of a file.
pub(super) struct Transitions {
    pub(super) states: usize,
    pub(super) actions: usize,
    pub(super) steps: Vec<Transition<usize>>,
    /// One per step, if they were asked for.
    pub(super) flags: Vec<bool>,
}

/// Reads a file; `extra` says, from its header, what else is wanted of it.
pub(super) fn read(source: &Source<'_>, extra: impl FnOnce(&TableReader) -> Extra) -> Result<Transitions> {
    let reader = TableReader::open(source.path)?;
    let extra = extra(&reader);
    let mut wanted: Vec<Wanted<'_>> = COLUMNS.map(Wanted::number).to_vec();
    let next_action = extra.next_action.then(|| {
        wanted.push(Wanted::number_or_empty("a2"));
        wanted.len() - 1
    });
    if let Some(name) = extra.flag {
        wanted.push(Wanted::number(name));
    }
    let flag = extra.flag.map(|name| (name, wanted.len() - 1));
    let table = reader.read(&wanted)?;
    let cells = Cells { place: table.places(), source };
    let (mut steps, mut flags) = (Vec::with_capacity(table.rows()), Vec::new());
    for row in 0..table.rows() {
        steps.push(cells.transition(&table, row, next_action)?);
        if let Some((name, column)) = flag {
            flags.push(cells.flag(table.number(column)[row], row, name)?);
        }
    }
    let of_steps = |of: fn(&Transition<usize>) -> usize| steps.iter().map(of).max().map_or(0, |most| most + 1);
    let states = of_steps(|step| step.observation.max(step.next_observation)).max(source.states.unwrap_or(0));
    let actions = of_steps(|step| step.action.max(step.next_action.unwrap_or(0))).max(source.actions.unwrap_or(0));
    if states.saturating_mul(actions) > MOST_PAIRS {
        bail!(
            "{}: a table of {states} states and {actions} actions is too large; number both 0, 1, 2, ... without gaps",
            source.path.display()
        );
    }
    Ok(Transitions { states, actions, steps, flags })
}

/// Checks cells and names those that are bad.
struct Cells<'a> {
    place: Place,
    source: &'a Source<'a>,
}

impl Cells<'_> {
    fn transition(&self, table: &Table, row: usize, next_action: Option<usize>) -> Result<Transition<usize>> {
        let cell = |column: usize| table.number(column)[row];
        let (states, actions) = (self.source.states, self.source.actions);
        let reward = cell(2);
        if !reward.is_finite() {
            bail!("{}: reward {reward} is not a finite number; write one", self.place.place(row, "r"));
        }
        let done = self.flag(cell(4), row, "done")?;
        let next_action = match next_action.map(cell) {
            Some(empty) if empty.is_nan() && done => None,
            Some(empty) if empty.is_nan() => {
                bail!("{}: no action; it may be missing only where `done` is 1", self.place.place(row, "a2"))
            }
            Some(action) => Some(self.index(action, row, "a2", actions)?),
            None => None,
        };
        Ok(Transition {
            observation: self.index(cell(0), row, "s", states)?,
            action: self.index(cell(1), row, "a", actions)?,
            reward,
            discount: if done { 0.0 } else { 1.0 },
            next_observation: self.index(cell(3), row, "s2", states)?,
            next_action,
        })
    }

    fn index(&self, value: f64, row: usize, column: &str, count: Option<usize>) -> Result<usize> {
        let most = count.unwrap_or(MOST_PAIRS);
        if value >= 0.0 && value.fract() == 0.0 && value < most as f64 {
            return Ok(value as usize);
        }
        let place = self.place.place(row, column);
        match (count, column.starts_with('s')) {
            (Some(count), true) => bail!("{place}: {value} is not among the {count} states 0, 1, ... of --states"),
            (Some(count), false) => bail!("{place}: {value} is not among the {count} actions 0, 1, ... of --actions"),
            (None, _) => bail!("{place}: {value} is no index; number states and actions 0, 1, 2, ..."),
        }
    }

    fn flag(&self, value: f64, row: usize, column: &str) -> Result<bool> {
        if value == 0.0 || value == 1.0 {
            return Ok(value == 1.0);
        }
        bail!("{}: {value} is neither 0 nor 1; write one of them", self.place.place(row, column))
    }
}
