//! `check_environment`: what every environment must satisfy.
//!
//! ```text
//! a reset       gives a first step without response; it forgets everything: a used environment goes on like a fresh one
//! a step        gives a response and a discount in [0, 1]; discount 0 only where the episode ends
//! observations  are as the spec declares (finite, within bounds) and those that `observation()` lends
//! the limit     no episode goes on after `max_steps`, and none is truncated before
//! chance        comes from the generator alone: the same seed gives the same course of events
//! ```

use std::fmt::Debug;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::environment::{Environment, EnvironmentSpec, Observation};
use crate::time_step::{StepType, TimeStep};

/// Steps after which an episode without a limit is left alone.
const PATIENCE: u32 = 20_000;

/// What an environment said in one step.
type Said<E> = (<E as Environment>::Observation, Option<<E as Environment>::Response>, f64);

/// Checks an environment by 50 episodes of random actions, twice from the same seed, and by resets amid episodes.
///
/// # Panics
/// On the first thing that is wrong.
pub fn check_environment<E>(make: impl Fn() -> E, seed: u64)
where
    E: Environment,
    E::Observation: Observation + PartialEq + Debug + Clone,
    E::Response: PartialEq + Debug + Clone,
{
    let episodes = |environment: &mut E, count: usize| {
        let (mut rng, mut trace) = (ChaCha8Rng::seed_from_u64(seed), Vec::new());
        for _ in 0..count {
            random_episode(environment, &mut trace, &mut rng);
        }
        trace
    };
    let mut used = make();
    let (first, second) = (episodes(&mut used, 50), episodes(&mut make(), 50));
    assert!(first == second, "the same seed gave two different courses of events");
    // Left in the midst of an episode, at its beginning and after a few steps.
    for steps in [0, 1, 3] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 1);
        used.reset(&mut rng);
        for _ in 0..steps {
            let actions = used.spec().actions;
            if used.step(rng.random_range(0..actions), &mut rng).is_last() {
                break;
            }
        }
        let (after, fresh) = (episodes(&mut used, 3), episodes(&mut make(), 3));
        assert!(after == fresh, "a reset after {steps} steps does not forget them");
    }
}

fn random_episode<E>(environment: &mut E, trace: &mut Vec<Said<E>>, rng: &mut ChaCha8Rng)
where
    E: Environment,
    E::Observation: Observation + PartialEq + Debug + Clone,
    E::Response: Clone,
{
    let spec = environment.spec();
    let name = spec.name;
    assert!(spec.actions >= 1, "`{name}` has no action");
    let first = environment.reset(rng);
    assert!(
        first.step_type == StepType::First && first.response.is_none() && first.discount == 1.0,
        "a reset of `{name}` must give a first step with discount 1 and without response"
    );
    trace.push(said(&first, &spec));
    assert!(environment.observation() == &trace[trace.len() - 1].0, "observation() differs from that of the reset");
    for taken in 1..=spec.max_steps.unwrap_or(PATIENCE) {
        let step = environment.step(rng.random_range(0..spec.actions), rng);
        let (last, terminates) = (step.is_last(), step.terminates());
        assert!(step.step_type != StepType::First && step.response.is_some(), "step {taken} must not be a first step");
        assert!((0.0..=1.0).contains(&step.discount), "discount {} is outside [0, 1]", step.discount);
        assert!(last || step.discount > 0.0, "step {taken} has discount 0 but the episode goes on");
        assert!(
            !last || terminates || spec.max_steps == Some(taken),
            "`{name}` is truncated after {taken} steps, its max_steps are {:?}",
            spec.max_steps
        );
        trace.push(said(&step, &spec));
        assert!(environment.observation() == &trace[trace.len() - 1].0, "observation() differs from that of the step");
        assert!(environment.spec() == spec, "the spec of `{name}` changed in step {taken}");
        if last {
            return;
        }
    }
    assert!(spec.max_steps.is_none(), "`{name}` goes on after its max_steps {:?}", spec.max_steps);
}

fn said<O, R>(step: &TimeStep<'_, O, R>, spec: &EnvironmentSpec) -> (O, Option<R>, f64)
where
    O: Observation + Debug + Clone,
    R: Clone,
{
    let (observation, declared) = (step.observation, &spec.observations);
    assert!(observation.is_among(declared), "`{}`: {observation:?} is not among {declared:?}", spec.name);
    (observation.clone(), step.response.clone(), step.discount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Observations;

    /// A walk of ten steps with one thing wrong.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        None,
        Unbounded,
        Infinite,
        EarlyTruncation,
        NoTruncation,
        ForgetfulReset,
        OwnChance,
        ZeroDiscount,
    }

    struct Walk {
        fault: Fault,
        place: [f32; 1],
        steps: u32,
        resets: u32,
    }

    impl Environment for Walk {
        type Observation = [f32; 1];
        type Response = f64;

        fn spec(&self) -> EnvironmentSpec {
            let observations = Observations::Numbers(&[[-10.0, 10.0]]);
            EnvironmentSpec { name: "walk", actions: 2, max_steps: Some(10), observations }
        }

        fn observation(&self) -> &[f32; 1] {
            &self.place
        }

        fn reset(&mut self, _rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 1], f64> {
            self.resets += 1;
            self.place = [0.0];
            if self.fault == Fault::OwnChance {
                self.place = [-(self.resets as f32) / 100.0];
            }
            if self.fault != Fault::ForgetfulReset || self.steps >= 10 {
                self.steps = 0;
            }
            TimeStep::restart(&self.place)
        }

        fn step(&mut self, action: usize, _rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 1], f64> {
            self.steps += 1;
            self.place[0] += action as f32;
            match (self.fault, self.steps) {
                (Fault::Unbounded, 5) => self.place = [11.0],
                (Fault::Infinite, 5) => self.place = [f32::NAN],
                (Fault::ZeroDiscount, 5) => {
                    return TimeStep { discount: 0.0, ..TimeStep::transition(0.0, &self.place) };
                }
                _ => {}
            }
            let limit = match self.fault {
                Fault::EarlyTruncation => 9,
                Fault::NoTruncation => 11,
                _ => 10,
            };
            if self.steps >= limit {
                TimeStep::truncation(0.0, &self.place)
            } else {
                TimeStep::transition(0.0, &self.place)
            }
        }
    }

    fn check(fault: Fault) {
        check_environment(|| Walk { fault, place: [0.0], steps: 0, resets: 0 }, 1);
    }

    #[test]
    fn a_sound_walk_passes() {
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
        a_value_out_of_bounds_is_caught: Unbounded, "`walk`: [11.0] is not among Numbers([[-10.0, 10.0]])";
        a_value_that_is_none_is_caught: Infinite, "`walk`: [NaN] is not among";
        truncation_before_the_limit_is_caught: EarlyTruncation, "`walk` is truncated after 9 steps";
        going_on_after_the_limit_is_caught: NoTruncation, "`walk` goes on after its max_steps";
        a_reset_that_keeps_the_count_is_caught: ForgetfulReset, "is truncated after";
        chance_of_its_own_is_caught: OwnChance, "a reset after 0 steps does not forget";
        a_discount_of_zero_amid_an_episode_is_caught: ZeroDiscount, "has discount 0 but the episode goes on";
    }
}
