//! Intervals of off-policy estimates hold the truth as often as they say: the study of `docs/off_policy_coverage.md` in
//! small.
//!
//! 400 logs of 256 units a world. Over 400 logs the coverage of an exact 95 % interval has a binomial error of 1.09
//! points; coverage counts as nominal within four errors of what is expected, between 90.6 % and 99.4 % for the normal
//! interval. The percentile bootstrap of 200 resamples is expected to hold 94.06 %, between 89.3 % and 98.8 %: its
//! bounds lie at the ranks 5.975 and 195.025, with 201 gaps between and around the resamples.

#[path = "../examples/off_policy_coverage/bandit.rs"]
#[allow(dead_code, reason = "the study uses more of it")]
mod bandit;
#[path = "../examples/off_policy_coverage/chance.rs"]
mod chance;
#[path = "../examples/off_policy_coverage/sequential.rs"]
mod sequential;
#[path = "../examples/off_policy_coverage/slate.rs"]
mod slate;
#[path = "../examples/off_policy_coverage/study.rs"]
#[allow(dead_code, reason = "the study uses more of it")]
mod study;

use bandit::{Bandit, CONTEXTS, Model, Overlap};
use sequential::Process;
use slate::SlateWorld;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{DoublyRobust, Estimator};
use study::{Coverage, LEVEL, Plan, Share, Simulator, Subject, Summary, generator, observe};

const SEED: u64 = 1;
const RESAMPLES: usize = 200;
/// Binomial errors within which a coverage counts as nominal.
const BAND: f64 = 4.0;
/// Where two of `RESAMPLES` order statistics, interpolated, are expected to lie.
const BOOTSTRAP_LEVEL: f64 = {
    let resamples = RESAMPLES as f64;
    1.0 - 2.0 * ((1.0 - LEVEL) / 2.0 * (resamples - 1.0) + 1.0) / (resamples + 1.0)
};

fn plan(scenario: u64) -> Plan {
    Plan { logs: 400, units: 256, resamples: RESAMPLES, seed: SEED, scenario }
}

/// What each estimator promises, of the truth where it is unbiased, of its own mean where it is biased by design.
fn assert_covers<S: Simulator>(simulator: &S, subjects: &[Subject<S::Log>], scenario: u64) -> Result<(), Error> {
    let observed = observe(simulator, subjects, &plan(scenario))?;
    for (subject, observations) in subjects.iter().zip(&observed) {
        let summary = Summary::of(observations, simulator.truth());
        let name = format!("{}, scenario {scenario}: {summary:?}", subject.estimator.name());
        let Coverage { normal, bootstrap, bernstein, lower_bound } =
            if subject.biased { summary.of_own_mean } else { summary.of_truth };
        let cases = |share: Share| share.cases == observations.len();
        assert!(cases(normal) && cases(bootstrap), "no log is without its intervals: {name}");
        assert!(normal.errors_from(LEVEL).abs() <= BAND, "{name}");
        assert!(bootstrap.errors_from(BOOTSTRAP_LEVEL).abs() <= BAND, "{name}");
        assert!(bernstein.cases == 0 || bernstein.rate() >= LEVEL, "{name}");
        assert_eq!(lower_bound.cases > 0, subject.non_negative, "{name}");
        assert!(lower_bound.cases == 0 || lower_bound.rate() >= LEVEL, "{name}");
        if !subject.biased {
            assert!(summary.bias.abs() <= BAND * summary.bias_error, "{name}");
        }
    }
    Ok(())
}

/// Estimators whose λ or τ is chosen on the log are left out: their intervals are too narrow, as the study shows.
fn untuned<Log>(subjects: Vec<Subject<Log>>) -> Vec<Subject<Log>> {
    subjects.into_iter().filter(|subject| !subject.estimator.name().contains("tuned")).collect()
}

#[test]
fn bandit_intervals_cover_with_a_good_and_with_a_bad_model() -> Result<(), Error> {
    let world = |model| Bandit::new(CONTEXTS, Overlap::Good, model, &mut generator(SEED, u64::MAX));
    assert_covers(&world(Model::Perfect), &untuned(bandit::without_model()?), 0)?;
    for (scenario, model) in [(1, Model::Perfect), (2, Model::Reversed)] {
        assert_covers(&world(model), &untuned(bandit::with_model(model)?), scenario)?;
    }
    Ok(())
}

#[test]
fn sequential_intervals_cover_with_a_good_and_with_a_bad_model() -> Result<(), Error> {
    let world = |wrong_model| Process::new(0.3, wrong_model, &mut generator(SEED, u64::MAX));
    assert_covers(&world(false), &sequential::subjects(false), 10)?;
    let corrected = ["dr", "wdr"];
    let subjects = sequential::subjects(true).into_iter().filter(|s| corrected.contains(&s.estimator.name().as_str()));
    assert_covers(&world(true), &subjects.collect::<Vec<_>>(), 11)
}

#[test]
fn slate_intervals_cover_and_a_false_assumption_shows() -> Result<(), Error> {
    let world = |cascading| SlateWorld::new(cascading, &mut generator(SEED, u64::MAX));
    assert_covers(&world(false), &slate::subjects(false), 20)?;
    // IIPS, where the item above matters.
    let (world, subjects) = (world(true), slate::subjects(true));
    let subjects: Vec<_> = subjects.into_iter().filter(|subject| subject.biased).collect();
    assert_eq!(subjects.len(), 2);
    for observations in observe(&world, &subjects, &Plan { resamples: 0, ..plan(21) })? {
        let of_truth = Summary::of(&observations, world.truth()).of_truth;
        assert!(of_truth.normal.rate() < 0.9, "{of_truth:?}");
    }
    Ok(())
}

/// Where rewards are a function of context and action, and q̂ knows it, nothing is left to correct.
#[test]
fn a_perfect_model_of_deterministic_rewards_leaves_no_variance() -> Result<(), Error> {
    for contexts in [1, CONTEXTS] {
        let mut bandit = Bandit::new(contexts, Overlap::Good, Model::Perfect, &mut generator(SEED, u64::MAX));
        bandit.deterministic = true;
        for log in 0..50 {
            let rounds = bandit.log(300, &mut generator(SEED, log))?;
            let contributions = DoublyRobust::plain().evidence(&rounds)?.contributions;
            // Every contribution is v̂(x): with one context that is a constant, with several it says which came.
            let (_, model_value) = rounds.model()?;
            assert!(contributions.influence()?.iter().zip(model_value).all(|(c, v)| (c - v).abs() < 1e-15));
            if contexts == 1 {
                assert!(contributions.standard_error()? < 1e-15);
                assert!((contributions.value()? - bandit.truth()).abs() < 1e-14);
            }
        }
    }
    Ok(())
}

/// One generator per log: a log does not depend on how many others there are, nor on threads.
#[test]
fn the_study_does_not_depend_on_threads() -> Result<(), Error> {
    let bandit = Bandit::new(CONTEXTS, Overlap::Good, Model::Perfect, &mut generator(SEED, u64::MAX));
    let subjects = bandit::with_model(Model::Perfect)?;
    let run = |logs| observe(&bandit, &subjects, &Plan { logs, ..plan(0) });
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().map(|pool| pool.install(|| run(8)));
    let (many, fewer) = (run(8)?, run(3)?);
    let values = |observed: &[Vec<study::Observation>], logs: usize| -> Vec<_> {
        observed.iter().flat_map(|of| of[..logs].iter().map(|o| (o.accepted, o.lower_bound))).collect()
    };
    assert!(single.is_ok_and(|single| single.is_ok_and(|single| values(&single, 8) == values(&many, 8))));
    assert_eq!(values(&many, 3), values(&fewer, 3));
    Ok(())
}
