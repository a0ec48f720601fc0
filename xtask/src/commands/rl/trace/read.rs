//! Reading a trace: the transitions of a file, and what each algorithm needs beside them.

use anyhow::Result;
use slatewise_rl::Transition;
use slatewise_rl::tabular::Side;

use super::super::transitions::{self, Extra, Source};
use super::{Algorithm, Arguments};

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

/// Reads the file.
pub(super) fn read(arguments: &Arguments) -> Result<Trace> {
    let source = Source { path: &arguments.input, states: arguments.states, actions: arguments.actions };
    let mut has_next_actions = false;
    let read = transitions::read(&source, |reader| {
        // With `all`, what is missing costs one algorithm; an algorithm asked for by name needs its column.
        let asked = |name: &str, needed_by: Algorithm| {
            arguments.algorithm == needed_by || (arguments.algorithm == Algorithm::All && reader.has(name))
        };
        has_next_actions = asked("a2", Algorithm::Sarsa);
        let flag = asked("double_coin", Algorithm::DoubleQLearning).then_some("double_coin");
        Extra { next_action: has_next_actions, flag }
    })?;
    let side = |second: bool| if second { Side::Second } else { Side::First };
    Ok(Trace {
        states: read.states,
        actions: read.actions,
        steps: read.steps,
        has_next_actions,
        sides: read.flags.into_iter().map(side).collect(),
    })
}
