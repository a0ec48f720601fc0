//! `OfflineLog`: checked transitions of encoded states, drawn uniformly.
//!
//! ```text
//! trajectories ──check──▶ ReplayBuffer without a bound ──sample(B)──▶ ReplayBatch [B]
//! ```
//!
//! It is a replay buffer that forgets nothing; what a user's file may hold and a rollout may not is checked here.

use rand_chacha::ChaCha8Rng;

use crate::error::Error;
use crate::replay::{EncodedState, ReplayBatch, ReplayBuffer};
use crate::transition::{Trajectory, Transition};

/// A log to learn from.
#[derive(Debug, Clone)]
pub struct OfflineLog {
    width: usize,
    actions: usize,
    transitions: ReplayBuffer,
}

impl OfflineLog {
    /// An empty log of rows of `width` numbers and of `actions` actions.
    pub fn new(width: usize, actions: usize) -> Self {
        Self { width, actions, transitions: ReplayBuffer::new(usize::MAX, width) }
    }

    /// The transitions of some trajectories, in order.
    ///
    /// # Errors
    /// As [`push`](Self::push), and where there is no transition at all.
    pub fn from_trajectories(
        width: usize,
        actions: usize,
        trajectories: &[Trajectory<EncodedState>],
    ) -> Result<Self, Error> {
        let mut log = Self::new(width, actions);
        let mut transitions = trajectories.iter().flat_map(|trajectory| &trajectory.transitions);
        transitions.try_for_each(|transition| log.push(transition))?;
        Error::unless(!log.is_empty(), "log", "transitions", || "there are none; log at least one".to_owned())?;
        Ok(log)
    }

    /// Adds a transition.
    ///
    /// # Errors
    /// Rows of another width, an action that is none, a number that is not finite, or a discount outside [0, 1].
    pub fn push(&mut self, transition: &Transition<EncodedState>) -> Result<(), Error> {
        let key = format!("log.transitions[{}]", self.len());
        let Transition { observation, action, reward, discount, next_observation, .. } = transition;
        for (name, row) in [("observation", &observation.row), ("next_observation", &next_observation.row)] {
            let (expected, got) = (self.width, row.len());
            Error::unless(got == expected, &key, name, || {
                format!("a row of {got} numbers among rows of {expected}; encode all states alike")
            })?;
            let finite = row.iter().all(|x| x.is_finite());
            Error::unless(finite, &key, name, || format!("{row:?} is not finite; impute what is missing"))?;
        }
        let actions = self.actions;
        Error::unless(*action < actions, &key, "action", || format!("{action} is none of 0..{actions}"))?;
        Error::unless(reward.is_finite(), &key, "reward", || format!("{reward} is not finite"))?;
        Error::unless((0.0..=1.0).contains(discount), &key, "discount", || {
            format!("{discount} must lie in [0, 1]: 0 where the episode terminates, else 1")
        })?;
        self.transitions.push(transition);
        Ok(())
    }

    /// Number of transitions.
    pub fn len(&self) -> usize {
        self.transitions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.transitions.is_empty()
    }

    /// Length of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Fills `batch` with `size` transitions drawn uniformly with replacement; the log must not be empty.
    pub fn sample(&self, size: usize, batch: &mut ReplayBatch, rng: &mut ChaCha8Rng) {
        self.transitions.sample(size, batch, rng);
    }

    /// All transitions in order, as one batch.
    pub fn all(&self) -> ReplayBatch {
        let mut batch =
            ReplayBatch { index: (0..self.len()).collect(), weight: vec![1.0; self.len()], ..ReplayBatch::default() };
        self.transitions.gather(&mut batch);
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn transition(action: usize) -> Transition<EncodedState> {
        let state = |x: f32| EncodedState { row: vec![x, 1.0], cell: 0 };
        Transition {
            observation: state(0.5),
            action,
            reward: action as f64,
            discount: 1.0,
            next_observation: state(2.0),
            next_action: None,
        }
    }

    #[test]
    fn all_is_kept_in_order_and_draws_repeat() {
        let trajectory = Trajectory { transitions: vec![transition(0), transition(2), transition(1)] };
        let log = OfflineLog::from_trajectories(2, 3, &[trajectory.clone(), trajectory]).unwrap();
        assert_eq!((log.len(), log.all().action), (6, vec![0, 2, 1, 0, 2, 1]));
        let draw = || {
            let mut batch = ReplayBatch::default();
            log.sample(50, &mut batch, &mut ChaCha8Rng::seed_from_u64(1));
            batch
        };
        assert_eq!(draw(), draw());
        assert!((0..6).all(|index| draw().index.contains(&index)));
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused_with_its_place() {
        let refusal = |change: &dyn Fn(&mut Transition<EncodedState>)| {
            let (mut log, mut wrong) = (OfflineLog::new(2, 3), transition(0));
            log.push(&transition(1)).unwrap();
            change(&mut wrong);
            log.push(&wrong).unwrap_err().to_string()
        };
        assert!(refusal(&|t| t.action = 3).starts_with("log.transitions[1].action: 3 is none of 0..3"));
        assert!(refusal(&|t| t.reward = f64::NAN).contains(".reward: NaN is not finite"));
        assert!(refusal(&|t| t.discount = 1.5).contains(".discount: 1.5 must lie in [0, 1]"));
        assert!(refusal(&|t| t.observation.row = vec![1.0]).contains("a row of 1 numbers among rows of 2"));
        assert!(refusal(&|t| t.next_observation.row[0] = f32::INFINITY).contains(".next_observation: [inf, 1.0]"));
        assert!(OfflineLog::from_trajectories(2, 3, &[]).unwrap_err().to_string().contains("there are none"));
    }
}
