//! `check_learner`: what holds for every learner, whatever it learns.
//!
//! ```text
//! experience   random episodes of five states and two actions, interleaved in two slots: some terminate, some are cut short,
//!              some are left unfinished
//! the same again                        ──▶ the same values, the same files
//! the same with the slots exchanged     ──▶ the same values
//! saved at STOPS and taken up by a new learner each time  ──▶ the same values, the same files
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::checkpoint::{Saved, resume_learner, save_learner};
use crate::learner::{Learner, Place};
use crate::streams::Streams;
use crate::transition::Transition;

const STATES: usize = 5;
const ACTIONS: usize = 2;
const UPDATES: usize = 200;
/// Before the first episode ends, in the midst of windows and traces, and when there is much to be saved.
const STOPS: [usize; 5] = [1, 2, 7, 8, 131];

/// Episodes under way in two slots.
struct Experience {
    rng: ChaCha8Rng,
    /// State and action that come next; none before an episode begins.
    slots: [Option<(usize, usize)>; 2],
    /// Whether slot 0 calls itself 1.
    exchanged: bool,
}

impl Experience {
    fn new(exchanged: bool) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(4), slots: [None; 2], exchanged }
    }

    fn pair(&mut self) -> (usize, usize) {
        (self.rng.random_range(0..STATES), self.rng.random_range(0..ACTIONS))
    }

    /// One transition.
    fn teach<L: Learner<usize>>(&mut self, learner: &mut L) {
        let index = self.rng.random_range(0..2_usize);
        let slot = if self.exchanged { 1 - index } else { index };
        let (state, action) = match self.slots[index] {
            Some(pair) => pair,
            None => {
                learner.begin(slot);
                self.pair()
            }
        };
        let ((next_state, next_action), chance) = (self.pair(), self.rng.random::<f64>());
        let (terminates, last, left) = (chance < 0.15, chance < 0.25, (0.25..0.3).contains(&chance));
        let transition = Transition {
            observation: learner.represent(&state),
            action,
            reward: self.rng.random_range(-1.0..1.0),
            discount: if terminates { 0.0 } else { 1.0 },
            next_observation: learner.represent(&next_state),
            next_action: (!terminates).then_some(next_action),
        };
        learner.update(&transition, Place { slot, last }, &mut self.rng);
        self.slots[index] = (!last && !left).then_some((next_state, next_action));
    }
}

/// Checks a learner on random episodes of five states and two actions in two slots: it repeats itself, its values stay finite, slots
/// are told apart by nothing but their number, and saved and taken up again it is the one that was never stopped, to the bit.
///
/// # Panics
/// On the first thing that is wrong, and where a temporary directory cannot be written.
pub fn check_learner<L: Learner<usize> + Saved>(make: impl Fn() -> L) {
    let learned = |exchanged| {
        let (mut learner, mut experience) = (make(), Experience::new(exchanged));
        (0..UPDATES).for_each(|_| experience.teach(&mut learner));
        learner
    };
    let learner = learned(false);
    let (values, length) = (values(&learner), STATES * learner.actions());
    assert!(values.len() == length, "values of shape [{}] for [{STATES}, {}]", values.len(), learner.actions());
    assert!(values.iter().all(|value| value.is_finite()), "values are not finite: {values:?}");
    assert!(values == self::values(&learned(false)), "the same seed gave two different learners");
    assert!(values == self::values(&learned(true)), "two slots that exchanged their numbers gave different values");
    assert!(values != self::values(&make()), "{UPDATES} updates moved nothing");

    let folder = must(tempfile::tempdir());
    let (mut stopped, mut experience) = (make(), Experience::new(false));
    for update in 0..UPDATES {
        if STOPS.contains(&update) {
            let directory = folder.path().join(format!("stopped-{update}"));
            must(save_learner(&directory, &stopped, &Streams::new(0)));
            stopped = make();
            must(resume_learner::<_, Streams>(&directory, &mut stopped));
        }
        experience.teach(&mut stopped);
    }
    assert!(values == self::values(&stopped), "a learner that was stopped and resumed has other values");
    let files = |name, learner: &L| {
        let directory = folder.path().join(name);
        must(save_learner(&directory, learner, &Streams::new(0)));
        contents(&directory)
    };
    let (whole, parts) = (files("whole", &learner), files("parts", &stopped));
    assert!(whole == files("again", &learned(false)), "the same seed gave two different saved states");
    assert!(whole.keys().eq(parts.keys()), "files {:?} after a stop, {:?} without", parts.keys(), whole.keys());
    for (name, content) in &whole {
        assert!(parts[name] == *content, "{} differs after a stop", name.display());
    }
}

fn values<L: Learner<usize>>(learner: &L) -> Vec<f64> {
    let mut values = Vec::new();
    learner.action_values(&mut [0, 1, 2, 3, 4].iter(), &mut values);
    values
}

/// Every file of a directory.
fn contents(directory: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let names = must(std::fs::read_dir(directory)).map(|entry| must(entry).file_name());
    names.map(|name| (name.clone(), must(std::fs::read(directory.join(name))))).collect()
}

#[expect(clippy::panic, reason = "a check fails as an assertion does")]
fn must<T>(result: Result<T, impl Display>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::policy::ActionValues;
    use crate::support::Support;
    use crate::tabular::{QTable, StepSize};
    use crate::transition::Trajectory;
    use slatewise_model::{Numbers, StateReader, StateWriter};

    /// What is wrong with a learner.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        None,
        SavesHalf,
        SavesNothing,
        FirstSlotOnly,
        Infinite,
        LearnsNothing,
    }

    /// Recent rewards, blurred with the reward before in the same slot.
    struct Means {
        fault: Fault,
        table: QTable,
        before: [f64; 2],
    }

    impl ActionValues<usize> for Means {
        fn actions(&self) -> usize {
            self.table.actions()
        }

        fn action_values(&self, observations: &mut dyn Iterator<Item = &usize>, values: &mut Vec<f64>) {
            observations.for_each(|&state| values.extend_from_slice(self.table.row(state)));
        }
    }

    impl Learner<usize> for Means {
        type State = usize;

        fn represent(&self, observation: &usize) -> usize {
            *observation
        }

        fn support_of(&self, trajectories: &[Trajectory<usize>]) -> Support {
            Support::count(trajectories, STATES, ACTIONS, 1, |&state| state)
        }

        fn set_support(&mut self, _support: Option<Support>) {}

        fn go_online(&mut self) {}

        fn begin(&mut self, slot: usize) {
            self.before[slot] = 0.0;
        }

        fn update(&mut self, transition: &Transition<usize>, place: Place, _rng: &mut ChaCha8Rng) {
            let skips = self.fault == Fault::FirstSlotOnly && place.slot > 0;
            if skips || self.fault == Fault::LearnsNothing {
                return;
            }
            let reward = if self.fault == Fault::Infinite { f64::INFINITY } else { transition.reward };
            let target = reward + 0.1 * self.before[place.slot];
            self.before[place.slot] = reward;
            self.table.update(transition.observation, transition.action, target, StepSize::Constant(0.5));
        }
    }

    impl Saved for Means {
        const FORMAT: &'static str = "means";

        fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
            out.settings("table", &self.table)?;
            out.arrays("before", vec![("before".to_owned(), Numbers::F64(&self.before))])
        }

        fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
            if self.fault != Fault::SavesNothing {
                self.table = self.table.saved(from, "table", directory)?;
            }
            if self.fault != Fault::SavesHalf {
                self.before.copy_from_slice(&from.arrays("before")?.f64("before")?);
            }
            Ok(())
        }
    }

    fn check(fault: Fault) {
        check_learner(|| Means { fault, table: QTable::new(STATES, ACTIONS, 0.0), before: [0.0; 2] });
    }

    #[test]
    fn a_sound_learner_passes() {
        check(Fault::None);
    }

    macro_rules! caught {
        ($($name:ident: $fault:ident, $message:literal;)*) => {$(
            #[test]
            #[should_panic(expected = $message)]
            fn $name() {
                check(Fault::$fault);
            }
        )*};
    }

    caught! {
        a_slot_that_comes_back_empty_is_caught: SavesHalf, "stopped and resumed has other values";
        a_table_that_comes_back_empty_is_caught: SavesNothing, "stopped and resumed has other values";
        a_slot_that_is_passed_over_is_caught: FirstSlotOnly, "exchanged their numbers gave different values";
        values_without_bounds_are_caught: Infinite, "values are not finite";
        a_learner_that_does_not_learn_is_caught: LearnsNothing, "200 updates moved nothing";
    }
}
