//! `TabularLog`: what a log of numbered states and actions says, counted once.
//!
//! ```text
//! n(s, a)                rows that took a in s
//! π_b(a|s)   = n(s, a) / Σ_b n(s, b)
//! r̂(s, a)    = mean reward of these rows
//! P̂(s'|s, a) = share of these rows that led to s'; where the row ended its episode, s' is worth nothing
//! ```
//!
//! Only pairs that occur are kept, so a log costs what it holds and not states × actions.
//!
//! ```
//! use slatewise_rl::Transition;
//! use slatewise_rl::offline::tabular::TabularLog;
//!
//! let step = |reward, discount, next_observation| Transition {
//!     observation: 0, action: 1, reward, discount, next_observation, next_action: None,
//! };
//! let log = TabularLog::new(2, 2, &[step(1.0, 1.0, 1), step(5.0, 0.0, 0)])?;
//! let pair = &log.pairs(0)[0];
//! assert_eq!((pair.action, pair.count, pair.reward, pair.behavior), (1, 2, 3.0, 1.0));
//! assert_eq!(log.backup(pair, &[0.0, 8.0], 0.5), 3.0 + 0.5 * 0.5 * 8.0);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

use std::ops::Range;

use crate::error::Error;
use crate::transition::Transition;

/// How far probabilities may be from summing to 1.
pub(super) const SUM_TOLERANCE: f64 = 1e-6;

/// An action that the log shows in a state.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedPair {
    /// a.
    pub action: usize,
    /// n(s, a), at least 1.
    pub count: usize,
    /// π_b(a|s), in (0, 1].
    pub behavior: f64,
    /// r̂(s, a).
    pub reward: f64,
    /// Where its next states lie.
    next: Range<usize>,
}

/// A state that followed a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NextState {
    /// s'.
    pub state: usize,
    /// P̂(s'|s, a), in (0, 1].
    pub probability: f64,
    /// The same, each row weighed by its discount: the part after which the episode went on; at most `probability`.
    pub continuing: f64,
}

/// Counts, mean rewards and next states of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct TabularLog {
    actions: usize,
    rows: usize,
    /// By state, then action.
    pairs: Vec<LoggedPair>,
    /// Start of each state's pairs, `[S + 1]`.
    first_pair: Vec<usize>,
    /// By pair, then state.
    next_states: Vec<NextState>,
    initial: Vec<f64>,
    breaks: usize,
}

impl TabularLog {
    /// Counts transitions, in the order in which they happened if [`initial`](Self::initial) is to mean anything.
    ///
    /// # Errors
    /// No transition; the first one, counted from 0, with a state or action out of range, a reward that is not finite or a discount
    /// outside [0, 1]; rewards whose sum is beyond all numbers.
    pub fn new(states: usize, actions: usize, transitions: &[Transition<usize>]) -> Result<Self, Error> {
        if transitions.is_empty() {
            return Err(Error::BadTransition {
                row: 0,
                problem: "missing: the log holds none; give one or more".into(),
            });
        }
        for (row, step) in transitions.iter().enumerate() {
            check(step, states, actions).map_err(|problem| Error::BadTransition { row, problem })?;
        }
        let (initial, breaks) = beginnings(states, transitions);
        let (first_pair, rows) = (vec![0; states + 1], transitions.len());
        let mut log = Self { actions, rows, pairs: Vec::new(), first_pair, next_states: Vec::new(), initial, breaks };
        let mut order: Vec<usize> = (0..rows).collect();
        let pair = |&row: &usize| (transitions[row].observation, transitions[row].action);
        // A stable sort: sums run in the order of the log, whatever the sort does inside.
        order.sort_by_key(|row| (pair(row), transitions[*row].next_observation));
        for group in order.chunk_by(|one, other| pair(one) == pair(other)) {
            log.push_pair(transitions, group)?;
        }
        for state in 0..states {
            log.first_pair[state + 1] += log.first_pair[state];
            let pairs = &mut log.pairs[log.first_pair[state]..log.first_pair[state + 1]];
            let seen: usize = pairs.iter().map(|pair| pair.count).sum();
            pairs.iter_mut().for_each(|pair| pair.behavior = pair.count as f64 / seen as f64);
        }
        Ok(log)
    }

    /// The same log, with episodes beginning as declared.
    ///
    /// # Shapes
    /// `initial [S]`
    ///
    /// # Errors
    /// Other than one probability per state, summing to 1.
    pub fn with_initial(self, initial: &[f64]) -> Result<Self, Error> {
        let (states, given, sum) = (self.states(), initial.len(), initial.iter().sum::<f64>());
        Error::unless(given == states, "initial", "length", || {
            format!("{given} probabilities for {states} states; give one per state")
        })?;
        let holds = initial.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() <= SUM_TOLERANCE;
        Error::unless(holds, "initial", "sum", || format!("{sum}; give probabilities in [0, 1] that sum to 1"))?;
        Ok(Self { initial: initial.to_vec(), ..self })
    }

    /// Adds the pair of these rows, which are sorted by next state.
    fn push_pair(&mut self, transitions: &[Transition<usize>], rows: &[usize]) -> Result<(), Error> {
        let (count, start) = (rows.len(), self.next_states.len());
        let of = |rows: &[usize], value: fn(&Transition<usize>) -> f64| -> f64 {
            rows.iter().map(|&row| value(&transitions[row])).sum::<f64>() / count as f64
        };
        for group in
            rows.chunk_by(|&one, &other| transitions[one].next_observation == transitions[other].next_observation)
        {
            self.next_states.push(NextState {
                state: transitions[group[0]].next_observation,
                probability: group.len() as f64 / count as f64,
                continuing: of(group, |step| step.discount),
            });
        }
        let Transition { observation, action, .. } = transitions[rows[0]];
        let reward = of(rows, |step| step.reward);
        if !reward.is_finite() {
            let problem = format!("rewards of state {observation}, action {action} sum to {reward}; scale them down");
            return Err(Error::BadTransition { row: rows[0], problem });
        }
        let next = start..self.next_states.len();
        self.pairs.push(LoggedPair { action, count, behavior: 0.0, reward, next });
        self.first_pair[observation + 1] += 1;
        Ok(())
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.first_pair.len() - 1
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Number of transitions.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Actions that the log shows in a state, in ascending order; none where it never acts.
    pub fn pairs(&self, state: usize) -> &[LoggedPair] {
        &self.pairs[self.first_pair[state]..self.first_pair[state + 1]]
    }

    /// Number of pairs (s, a) that occur.
    pub fn supported_pairs(&self) -> usize {
        self.pairs.len()
    }

    /// n(s, a), 0 for a pair that never occurs.
    pub fn count(&self, state: usize, action: usize) -> usize {
        let pairs = self.pairs(state);
        pairs.binary_search_by_key(&action, |pair| pair.action).map_or(0, |found| pairs[found].count)
    }

    /// The states that followed a pair of this log, in ascending order.
    pub fn next_states(&self, pair: &LoggedPair) -> &[NextState] {
        &self.next_states[pair.next.clone()]
    }

    /// T̂: r̂(s, a) + γ Σ P̂(s'|s, a) V(s').
    ///
    /// # Shapes
    /// `values [S]`
    pub fn backup(&self, pair: &LoggedPair, values: &[f64], discount: f64) -> f64 {
        let ahead: f64 = self.next_states(pair).iter().map(|next| next.continuing * values[next.state]).sum();
        pair.reward + discount * ahead
    }

    /// How often episodes begin in each state, `[S]`: at the first row, and wherever the row before ended its episode or led elsewhere.
    pub fn initial(&self) -> &[f64] {
        &self.initial
    }

    /// Mean over [`initial`](Self::initial) of a value per state.
    ///
    /// # Shapes
    /// `values [S]`
    pub fn at_start(&self, values: &[f64]) -> f64 {
        let (states, given) = (self.states(), values.len());
        assert!(given == states, "values of shape [{given}] for a log of shape [{states}, {}]", self.actions);
        let begun = self.initial.iter().zip(values).filter(|(share, _)| **share > 0.0);
        begun.map(|(share, value)| share * value).sum()
    }

    /// Rows that do not go on where the row before, which ended no episode, led: cuts, or a sign that rows are out of order.
    pub fn breaks(&self) -> usize {
        self.breaks
    }

    /// States that the log reaches with the episode going on, but in which it never acts; in ascending order.
    pub fn unseen_states(&self) -> Vec<usize> {
        let goes_on = self.next_states.iter().filter(|next| next.continuing > 0.0).map(|next| next.state);
        let mut unseen: Vec<usize> = goes_on.filter(|&state| self.pairs(state).is_empty()).collect();
        unseen.sort_unstable();
        unseen.dedup();
        unseen
    }
}

fn check(step: &Transition<usize>, states: usize, actions: usize) -> Result<(), String> {
    let Transition { observation, action, reward, discount, next_observation, .. } = step;
    for (what, index, count) in
        [("state", observation, states), ("action", action, actions), ("next state", next_observation, states)]
    {
        if *index >= count {
            return Err(format!("{what} {index} is not among the {count} numbered from 0; declare more, or mend it"));
        }
    }
    if !reward.is_finite() {
        return Err(format!("reward {reward} is not a finite number; write one"));
    }
    if !(0.0..=1.0).contains(discount) {
        return Err(format!("discount {discount} lies outside [0, 1]; write 0 where the episode ended, else 1"));
    }
    Ok(())
}

/// The share of episodes that begin in each state, and how many of them begin without the one before having ended.
fn beginnings(states: usize, transitions: &[Transition<usize>]) -> (Vec<f64>, usize) {
    let mut count = vec![0.0; states];
    count[transitions[0].observation] = 1.0;
    let (mut episodes, mut breaks) = (1.0, 0);
    for (before, step) in transitions.iter().zip(&transitions[1..]) {
        let (ended, elsewhere) = (before.discount == 0.0, before.next_observation != step.observation);
        if ended || elsewhere {
            count[step.observation] += 1.0;
            episodes += 1.0;
            breaks += usize::from(!ended);
        }
    }
    count.iter_mut().for_each(|count| *count /= episodes);
    (count, breaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(s: usize, a: usize, reward: f64, s2: usize, discount: f64) -> Transition<usize> {
        Transition { observation: s, action: a, reward, discount, next_observation: s2, next_action: None }
    }

    #[test]
    fn counts_equal_hand_computation() {
        let steps = [
            step(0, 1, 1.0, 1, 1.0),
            step(1, 0, 2.0, 0, 0.0),
            step(0, 1, 3.0, 2, 0.0),
            step(0, 0, 8.0, 3, 1.0), // cut
            step(0, 1, 5.0, 1, 0.0),
            step(0, 1, 7.0, 1, 1.0), // goes on in 1, which comes no more
        ];
        let log = TabularLog::new(4, 2, &steps).unwrap();
        assert_eq!((log.states(), log.actions(), log.rows(), log.supported_pairs()), (4, 2, 6, 3));
        assert_eq!((log.count(0, 0), log.count(0, 1), log.count(1, 1), log.count(2, 0)), (1, 4, 0, 0));
        let pair = &log.pairs(0)[1];
        assert_eq!((pair.action, pair.behavior, pair.reward), (1, 0.8, 4.0)); // (1 + 3 + 5 + 7) / 4
        let next = |state, probability, continuing| NextState { state, probability, continuing };
        assert_eq!(log.next_states(pair), [next(1, 0.75, 0.5), next(2, 0.25, 0.0)]);
        assert_eq!(log.backup(pair, &[9.0, 2.0, 9.0, 9.0], 0.5), 4.5); // 4 + 0.5 · 0.5 · 2
        assert_eq!(log.unseen_states(), [3]); // 2 is reached at an end only
        // Episodes begin at rows 0, 2, 3, 4 and 5, all in state 0; row 4 follows a cut.
        assert_eq!((log.initial(), log.breaks()), (&[1.0, 0.0, 0.0, 0.0][..], 1));
        assert_eq!(log.at_start(&[3.0, f64::NEG_INFINITY, 0.0, 0.0]), 3.0);
        let declared = log.with_initial(&[0.5, 0.5, 0.0, 0.0]).unwrap();
        assert_eq!(declared.at_start(&[3.0, 1.0, 0.0, 0.0]), 2.0);
        assert!(
            declared.clone().with_initial(&[0.5, 0.6, 0.0, 0.0]).is_err() && declared.with_initial(&[1.0]).is_err()
        );
    }

    #[test]
    fn faults_are_named_by_row_and_mend() {
        let good = step(0, 0, 0.0, 0, 1.0);
        for (bad, message) in [
            (
                step(2, 0, 0.0, 0, 1.0),
                "transition 1: state 2 is not among the 2 numbered from 0; declare more, or mend it",
            ),
            (step(0, 3, 0.0, 0, 1.0), "transition 1: action 3 is not among the 3 numbered"),
            (step(0, 0, 0.0, 9, 1.0), "transition 1: next state 9 is not among the 2 numbered"),
            (step(0, 0, f64::NAN, 0, 1.0), "transition 1: reward NaN is not a finite number"),
            (step(0, 0, 0.0, 0, 1.5), "transition 1: discount 1.5 lies outside [0, 1]"),
        ] {
            let error = TabularLog::new(2, 3, &[good.clone(), bad]).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        let huge = [step(0, 0, f64::MAX, 0, 1.0), step(0, 0, f64::MAX, 0, 1.0)];
        let error = TabularLog::new(1, 1, &huge).unwrap_err().to_string();
        assert!(error.contains("rewards of state 0, action 0 sum to inf; scale them down"), "{error}");
        assert!(TabularLog::new(1, 1, &[]).unwrap_err().to_string().contains("the log holds none"));
    }
}
