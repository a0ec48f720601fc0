//! What every off-policy estimator must hold, whatever the log.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{
    BanditRounds, DirectMethod, DoublyRobust, Estimator, Headline, Ips, JudgeOptions, Outcome, PerDecisionIs,
    PerDecisionWis, RefusalRules, Round, SelfNormalisedDoublyRobust, SequentialDirectMethod, SequentialDoublyRobust,
    Snips, StepModel, Steps, Trajectories, TrajectoryIs, TrajectoryWis, Verdict, WeightedDoublyRobust, judge,
};

const ACTIONS: usize = 3;

/// Action, reward, three logits of π_b, three of π_e, three predictions.
type Drawn = (usize, f64, [f64; ACTIONS], [f64; ACTIONS], [f64; ACTIONS]);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let triple = || prop::array::uniform3(-1.0_f64..1.0);
    prop::collection::vec((0..ACTIONS, -2.0_f64..2.0, triple(), triple(), triple()), 2..60)
}

fn softmax(logits: [f64; ACTIONS]) -> [f64; ACTIONS] {
    let sum: f64 = logits.iter().map(|l| l.exp()).sum();
    logits.map(|l| l.exp() / sum)
}

fn rounds(rows: &[Drawn], on_policy: bool) -> Result<BanditRounds, Error> {
    let mut rounds = BanditRounds::with_actions(ACTIONS)?;
    for &(action, reward, logging, evaluation, q_hat) in rows {
        let logging = softmax(logging);
        let evaluation = if on_policy { logging } else { softmax(evaluation) };
        let propensity = logging[action];
        rounds.push(&Round { action, reward, propensity, evaluation: &evaluation, q_hat: Some(&q_hat) })?;
    }
    Ok(rounds)
}

fn estimators() -> Result<Vec<Box<dyn Estimator<BanditRounds>>>, Error> {
    Ok(vec![
        Box::new(Ips::plain()),
        Box::new(Ips::clipped(1.5)?),
        Box::new(Ips::sub_gaussian(0.3)?),
        Box::new(Snips),
        Box::new(DirectMethod),
        Box::new(DoublyRobust::plain()),
        Box::new(DoublyRobust::more_robust()),
        Box::new(DoublyRobust::clipped(1.5)?),
        Box::new(DoublyRobust::switch(1.5)?),
        Box::new(DoublyRobust::optimistic(2.0)?),
        Box::new(DoublyRobust::sub_gaussian(0.3)?),
        Box::new(SelfNormalisedDoublyRobust),
    ])
}

fn value(estimator: &dyn Estimator<BanditRounds>, rounds: &BanditRounds) -> Result<f64, Error> {
    Ok(estimator.evidence(rounds)?.contributions.value()?)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_policy_the_mean_reward_comes_back(rows in drawn()) {
        let rounds = rounds(&rows, true)?;
        let mean = rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64;
        prop_assert!(near(value(&Ips::plain(), &rounds)?, mean));
        prop_assert!(near(value(&Snips, &rounds)?, mean));
        prop_assert!(near(rounds.weight_diagnostics().effective_sample_size, rows.len() as f64));
        let headline = Headline::of(&rounds, &RefusalRules::default(), 0.95)?;
        // With an action that the log never shows, it cannot say.
        let expected = if rounds.unsupported().1 == 0 { Verdict::Undecided } else { Verdict::Refused };
        prop_assert_eq!(headline.than_logging, expected);
    }

    #[test]
    fn a_perfect_model_leaves_no_residual(rows in drawn()) {
        // The reward is a function of the action alone, and q̂ knows it: DR is DM, and with one context its variance is zero.
        let truth = [0.2, -0.4, 0.9];
        let (logging, evaluation) = (rows[0].2, rows[0].3);
        let perfect: Vec<Drawn> = rows.iter().map(|row| (row.0, truth[row.0], logging, evaluation, truth)).collect();
        let rounds = rounds(&perfect, false)?;
        let expected: f64 = softmax(evaluation).iter().zip(truth).map(|(p, q)| p * q).sum();
        for estimator in [DoublyRobust::plain(), DoublyRobust::switch(1.5)?, DoublyRobust::optimistic(2.0)?] {
            let contributions = estimator.evidence(&rounds)?.contributions;
            prop_assert!(near(contributions.value()?, expected));
            prop_assert!(contributions.standard_error()? < 1e-12);
        }
    }

    #[test]
    fn no_estimate_depends_on_the_order_of_rounds(rows in drawn()) {
        let mut reversed = rows.clone();
        reversed.reverse();
        let (a, b) = (rounds(&rows, false)?, rounds(&reversed, false)?);
        for estimator in estimators()? {
            let (a, b) = (value(estimator.as_ref(), &a)?, value(estimator.as_ref(), &b)?);
            prop_assert!(near(a, b), "{}: {} {}", estimator.name(), a, b);
        }
    }

    #[test]
    fn snips_stays_within_the_rewards_and_moves_with_them(rows in drawn(), shift in -5.0_f64..5.0) {
        let rounds_ = rounds(&rows, false)?;
        let snips = value(&Snips, &rounds_)?;
        let (low, high) = rounds_.reward_range();
        prop_assert!(low - 1e-12 <= snips && snips <= high + 1e-12);
        let shifted: Vec<Drawn> = rows.iter().map(|row| (row.0, row.1 + shift, row.2, row.3, row.4)).collect();
        prop_assert!(near(value(&Snips, &rounds(&shifted, false)?)?, snips + shift));
    }

    #[test]
    fn effective_sample_sizes_keep_their_range(rows in drawn()) {
        let weights = rounds(&rows, false)?.weight_diagnostics();
        prop_assert!((1.0 - 1e-12..=rows.len() as f64 + 1e-9).contains(&weights.effective_sample_size));
        prop_assert!((1.0 / rows.len() as f64 - 1e-12..=1.0).contains(&weights.largest_share));
    }

    #[test]
    fn every_estimator_is_judged_alike(rows in drawn()) {
        let rounds = rounds(&rows, false)?;
        let options = JudgeOptions { resamples: 50, ..JudgeOptions::default() };
        for estimator in estimators()? {
            let evidence = estimator.evidence(&rounds)?;
            let influence = evidence.contributions.influence().map_err(Error::from)?;
            let mean = influence.iter().sum::<f64>() / influence.len() as f64;
            prop_assert!(near(mean, evidence.contributions.value().map_err(Error::from)?), "influences average to the value");
            if let Some((low, high)) = evidence.range {
                prop_assert!(influence.iter().all(|c| (low - 1e-9..=high + 1e-9).contains(c)), "{}", estimator.name());
            }
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let estimate = judge(estimator.as_ref(), &rounds, &options, &mut rng)?;
            match &estimate.outcome {
                Outcome::Accepted(accepted) => {
                    for interval in [Some(accepted.normal), accepted.bernstein].into_iter().flatten() {
                        prop_assert!(interval.bounds.is_some_and(|(low, high)| low <= accepted.value && accepted.value <= high));
                    }
                    prop_assert!(accepted.bootstrap.is_some_and(|b| b.bounds.is_some_and(|(low, high)| low <= high)));
                    prop_assert_eq!(estimate.reason(), None);
                }
                Outcome::Refused { reasons, .. } => {
                    prop_assert!(!reasons.is_empty());
                    prop_assert_eq!(estimate.value(), None);
                }
                Outcome::Undefined(reason) => prop_assert!(false, "{}", reason),
            }
        }
    }

    #[test]
    fn trajectories_of_one_step_are_rounds(rows in drawn()) {
        let rounds = rounds(&rows, false)?;
        let (q_logged, model_value) = rounds.model().map_err(Error::from)?;
        let trajectory: Vec<u32> = (0..rows.len() as u32).collect();
        let evaluation: Vec<f64> = rows.iter().map(|row| softmax(row.3)[row.0]).collect();
        let zeros = vec![0.0; rows.len()];
        let log = Trajectories::new(&Steps {
            trajectory: &trajectory, step: &zeros, reward: rounds.rewards(), propensity: rounds.propensities(),
            evaluation: &evaluation, done: None, model: Some(StepModel { q_logged, value: model_value }),
        }, 0.9, None)?;
        let of = |estimator: &dyn Estimator<Trajectories>| -> Result<f64, Error> { Ok(estimator.evidence(&log)?.contributions.value()?) };
        for (sequential, single) in [
            (of(&TrajectoryIs)?, value(&Ips::plain(), &rounds)?),
            (of(&PerDecisionIs)?, value(&Ips::plain(), &rounds)?),
            (of(&TrajectoryWis)?, value(&Snips, &rounds)?),
            (of(&PerDecisionWis)?, value(&Snips, &rounds)?),
            (of(&SequentialDirectMethod)?, value(&DirectMethod, &rounds)?),
            (of(&SequentialDoublyRobust)?, value(&DoublyRobust::plain(), &rounds)?),
            (of(&WeightedDoublyRobust)?, value(&SelfNormalisedDoublyRobust, &rounds)?),
        ] {
            prop_assert!(near(sequential, single), "{} {}", sequential, single);
        }
    }
}

/// Long trajectories: the product of ratios overflows, its logarithm does not.
#[test]
fn weights_that_overflow_are_refused_and_ratios_survive() -> Result<(), Error> {
    let (count, length) = (40, 2000);
    let trajectory: Vec<u32> = (0..count).flat_map(|i| std::iter::repeat_n(i, length)).collect();
    let step: Vec<f64> = (0..count).flat_map(|_| (0..length).map(|t| t as f64)).collect();
    let ones = vec![1.0; trajectory.len()];
    let half = vec![0.5; trajectory.len()];
    let steps = Steps {
        trajectory: &trajectory,
        step: &step,
        reward: &ones,
        propensity: &half,
        evaluation: &ones,
        done: None,
        model: None,
    };
    let log = Trajectories::new(&steps, 0.99, None)?;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let options = JudgeOptions { resamples: 0, ..JudgeOptions::default() };
    let plain = judge(&TrajectoryIs, &log, &options, &mut rng)?;
    assert!(matches!(plain.outcome, Outcome::Refused { .. }), "{plain:?}");
    // All weights are equal, however large: the weighted form is the mean return, though its mean weight tells that something is off.
    let weighted = TrajectoryWis.evidence(&log)?.contributions.value()?;
    assert!((weighted - log.returns()[0]).abs() < 1e-9);
    assert_eq!(log.weight_diagnostics().effective_sample_size, f64::from(count));
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_intervals() -> Result<(), Error> {
    let rows: Vec<Drawn> = (0..200)
        .map(|i| (i % 3, (i % 7) as f64, [0.1, 0.2, 0.0], [0.3, 0.0, 0.1 * (i % 5) as f64], [1.0, 2.0, 3.0]))
        .collect();
    let rounds = rounds(&rows, false)?;
    let judged = |seed| judge(&Snips, &rounds, &JudgeOptions::default(), &mut ChaCha8Rng::seed_from_u64(seed));
    assert_eq!(judged(1)?, judged(1)?);
    assert_ne!(judged(1)?, judged(2)?);
    Ok(())
}
