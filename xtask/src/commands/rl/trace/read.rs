//! Reading the transitions of a file: every cell is checked, and named by file, row, line and column if it is bad.

use anyhow::{Result, bail};
use slatewise_data::table::{Place, Table, TableReader, Wanted};
use slatewise_rl::Transition;
use slatewise_rl::tabular::Side;

use super::{Algorithm, Arguments};

/// Pairs that a table may have: a number that was meant as a code would otherwise fill the memory.
const MOST_PAIRS: usize = 100_000_000;

/// The transitions of a file.
pub(super) struct Trace {
    pub(super) states: usize,
    pub(super) actions: usize,
    pub(super) steps: Vec<Transition<usize>>,
    /// Whether the file says which action came next.
    pub(super) has_next_actions: bool,
    /// Which table of double Q-learning each transition updates; empty if the file does not say.
    pub(super) sides: Vec<Side>,
}

/// Columns of the table, in the order in which they are asked for.
const COLUMNS: [&str; 5] = ["s", "a", "r", "s2", "done"];

/// Reads the file.
pub(super) fn read(arguments: &Arguments) -> Result<Trace> {
    let reader = TableReader::open(&arguments.input)?;
    let mut wanted: Vec<Wanted<'_>> = COLUMNS.map(Wanted::number).to_vec();
    // With `all`, what is missing costs one algorithm; an algorithm asked for by name needs its column.
    let mut optional = |column: Wanted<'static>, name: &str, needed_by: Algorithm| {
        let asked = arguments.algorithm == needed_by || (arguments.algorithm == Algorithm::All && reader.has(name));
        asked.then(|| {
            wanted.push(column);
            wanted.len() - 1
        })
    };
    let next_action = optional(Wanted::number_or_empty("a2"), "a2", Algorithm::Sarsa);
    let coin = optional(Wanted::number("double_coin"), "double_coin", Algorithm::DoubleQLearning);
    let table = reader.read(&wanted)?;
    let cells = Cells { place: table.places(), arguments };
    let mut trace = Trace {
        states: arguments.states.unwrap_or(0),
        actions: arguments.actions.unwrap_or(0),
        steps: Vec::with_capacity(table.rows()),
        has_next_actions: next_action.is_some(),
        sides: Vec::new(),
    };
    for row in 0..table.rows() {
        trace.steps.push(cells.transition(&table, row, next_action)?);
        if let Some(coin) = coin {
            let second = cells.flag(table.number(coin)[row], row, "double_coin")?;
            trace.sides.push(if second { Side::Second } else { Side::First });
        }
    }
    let of_steps = |of: fn(&Transition<usize>) -> usize| trace.steps.iter().map(of).max().map_or(0, |most| most + 1);
    let (states, actions) = (
        of_steps(|step| step.observation.max(step.next_observation)),
        of_steps(|step| step.action.max(step.next_action.unwrap_or(0))),
    );
    (trace.states, trace.actions) = (trace.states.max(states), trace.actions.max(actions));
    if trace.states.saturating_mul(trace.actions) > MOST_PAIRS {
        bail!(
            "{}: a table of {} states and {} actions is too large; number both 0, 1, 2, ... without gaps",
            arguments.input.display(),
            trace.states,
            trace.actions
        );
    }
    Ok(trace)
}

/// Checks cells and names those that are bad.
struct Cells<'a> {
    place: Place,
    arguments: &'a Arguments,
}

impl Cells<'_> {
    fn transition(&self, table: &Table, row: usize, next_action: Option<usize>) -> Result<Transition<usize>> {
        let cell = |column: usize| table.number(column)[row];
        let (states, actions) = (self.arguments.states, self.arguments.actions);
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
