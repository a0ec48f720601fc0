//! `Headline`: is the evaluation policy better than the logging policy, and than the best constant action?
//!
//! A policy that earns more than the one that wrote the log may still earn less than always taking one action; both questions come first.
//!
//! ```text
//! logging policy    V_b = mean r                                                always known
//! constant a        V_a = Σ u_ai r_i / Σ u_ai ,   u_ai = [a_i = a] / π_b(a_i | x_i)
//! evaluation        V_e = Σ w_i r_i / Σ w_i                                     SNIPS on all sides, so that shared noise cancels
//!
//! d = V_e − V_0 ,   se(d) = sd(ψ_e − ψ_0) / √n from the influences of both, on the same rounds,   z = d / se(d)
//! ```
//!
//! Each test is one-sided, H0: V_e ≤ V_0, with a normal approximation. "Better than the best constant" holds if V_e is better than **each**
//! constant that the log can judge: an intersection-union test, whose p is the largest of the p's and needs no correction (Berger,
//! Technometrics 1982). A constant whose own weights fail the rules of refusal is counted as not judged, and the verdict says so.
//!
//! ```
//! use slatewise_eval::off_policy::{BanditRounds, Headline, RefusalRules, Round, Verdict};
//!
//! // Action 1 always pays; the evaluation policy takes it nine times out of ten, the logging policy half the time.
//! let mut rounds = BanditRounds::with_actions(2)?;
//! for i in 0..400 {
//!     let action = i % 2;
//!     rounds.push(&Round { action, reward: action as f64, propensity: 0.5, evaluation: &[0.1, 0.9], q_hat: None })?;
//! }
//! let headline = Headline::of(&rounds, &RefusalRules::default(), 0.95)?;
//! assert_eq!(headline.than_logging, Verdict::Better);
//! assert_eq!(headline.than_best_constant, Verdict::Worse);
//! assert_eq!(headline.best_constant.map(|constant| constant.action), Some(1));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::rounds::BanditRounds;
use crate::error::{Error, Undefined};
use crate::off_policy::refusal::{Refusal, RefusalRules};
use crate::off_policy::weights::WeightDiagnostics;

/// Differences below this share of the values are rounding.
const ROUNDING: f64 = 1e-12;

/// The answer to one of the two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown to be better at the level asked for.
    Better,
    /// Shown to be worse.
    Worse,
    /// Neither could be shown.
    Undecided,
    /// The log cannot say: the evaluation policy's own weights fail, or no constant can be judged.
    Refused,
}

/// A difference of two policies' values on the same rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairedTest {
    /// V_e − V_0.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// One-sided p of H0: V_e ≤ V_0, in [0, 1].
    pub p_better: f64,
    /// One-sided p of H0: V_e ≥ V_0, in [0, 1].
    pub p_worse: f64,
}

/// A constant action that the log can judge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Constant {
    /// The action.
    pub action: usize,
    /// Its self-normalised estimate.
    pub value: f64,
    /// The evaluation policy against it.
    pub test: PairedTest,
}

/// The two questions that a comparison begins with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headline {
    /// Mean reward of the log.
    pub logging_value: f64,
    /// SNIPS of the evaluation policy; none if refused.
    pub evaluation_value: Option<f64>,
    /// The evaluation policy against the logging policy; none if refused.
    pub against_logging: Option<PairedTest>,
    /// Better than the logging policy?
    pub than_logging: Verdict,
    /// The constant action of the highest value among those judged.
    pub best_constant: Option<Constant>,
    /// The largest p over all constants judged, of H0: the evaluation policy is not better than this constant.
    pub p_better_than_constants: Option<f64>,
    /// Better than every constant action that the log can judge?
    pub than_best_constant: Verdict,
    /// Constants judged.
    pub constants_judged: usize,
    /// Constants whose weights fail the rules, or that were never logged.
    pub constants_not_judged: usize,
    /// Why the evaluation policy cannot be judged; empty if it can.
    pub refusals: Vec<Refusal>,
}

/// Moments of one constant's rounds.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    weight: f64,
    value: f64,
    /// Σ u² (r − V_a)², filled on the second pass.
    own: f64,
    /// Σ u (r − V_a) w (r − V_e), filled on the second pass.
    cross: f64,
}

impl Headline {
    /// Tests both at a confidence level.
    ///
    /// # Errors
    /// No rounds, a level outside (0, 1).
    pub fn of(rounds: &BanditRounds, rules: &RefusalRules, level: f64) -> Result<Self, Error> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::Level { level });
        }
        if rounds.is_empty() {
            return Err(Error::Empty { what: "rounds" });
        }
        let logging_value = rounds.rewards().iter().sum::<f64>() / rounds.len() as f64;
        let mut refusals = rules.check(&rounds.weight_diagnostics());
        refusals.extend(rounds.support_refusal(rules));
        let mut headline = Self {
            logging_value,
            evaluation_value: None,
            against_logging: None,
            than_logging: Verdict::Refused,
            best_constant: None,
            p_better_than_constants: None,
            than_best_constant: Verdict::Refused,
            constants_judged: 0,
            constants_not_judged: rounds.actions(),
            refusals,
        };
        if headline.refusals.is_empty() {
            let evaluation = self_normalised(rounds)?;
            headline.evaluation_value = Some(evaluation);
            let test = against_logging(rounds, evaluation, logging_value);
            headline.than_logging = verdict(&[test], level);
            headline.against_logging = Some(test);
            headline.judge_constants(rounds, rules, evaluation, level);
        }
        Ok(headline)
    }

    fn judge_constants(&mut self, rounds: &BanditRounds, rules: &RefusalRules, evaluation: f64, level: f64) {
        let judged = constants(rounds, rules, evaluation);
        self.constants_judged = judged.len();
        self.constants_not_judged = rounds.actions() - judged.len();
        let tests: Vec<PairedTest> = judged.iter().map(|constant| constant.test).collect();
        self.best_constant = judged.into_iter().max_by(|a, b| a.value.total_cmp(&b.value));
        self.p_better_than_constants = tests.iter().map(|test| test.p_better).reduce(f64::max);
        self.than_best_constant = if tests.is_empty() { Verdict::Refused } else { verdict(&tests, level) };
    }
}

/// Better than all, or worse than one of them (with Bonferroni's correction over the constants, any of which may be the worst).
fn verdict(tests: &[PairedTest], level: f64) -> Verdict {
    let allowed = 1.0 - level;
    if tests.iter().all(|test| test.p_better <= allowed) {
        Verdict::Better
    } else if tests.iter().any(|test| test.p_worse <= allowed / tests.len() as f64) {
        Verdict::Worse
    } else {
        Verdict::Undecided
    }
}

fn self_normalised(rounds: &BanditRounds) -> Result<f64, Undefined> {
    let weights: f64 = rounds.weights().iter().sum();
    if weights <= 0.0 {
        return Err(Undefined::NoWeight);
    }
    Ok(rounds.weights().iter().zip(rounds.rewards()).map(|(w, r)| w * r).sum::<f64>() / weights)
}

fn against_logging(rounds: &BanditRounds, evaluation: f64, logging: f64) -> PairedTest {
    let scale = rounds.weight_diagnostics().mean;
    // Influences about their means: ψ_e = w (r − V_e) / w̄, ψ_b = r − V_b.
    let squares: f64 = rounds
        .weights()
        .iter()
        .zip(rounds.rewards())
        .map(|(w, r)| (w * (r - evaluation) / scale - (r - logging)).powi(2))
        .sum();
    PairedTest::new(evaluation, logging, squares, rounds.len())
}

/// The constants that the log can judge, in the order of actions.
fn constants(rounds: &BanditRounds, rules: &RefusalRules, evaluation: f64) -> Vec<Constant> {
    let mut moments = vec![Moments::default(); rounds.actions()];
    let of_round = || rounds.action().iter().zip(rounds.propensities()).zip(rounds.rewards()).zip(rounds.weights());
    for (((&action, propensity), reward), _) in of_round() {
        let moment = &mut moments[action as usize];
        moment.weight += 1.0 / propensity;
        moment.value += reward / propensity;
    }
    for moment in &mut moments {
        moment.value /= moment.weight;
    }
    let mut own_evaluation = 0.0;
    for (((&action, propensity), reward), weight) in of_round() {
        let moment = &mut moments[action as usize];
        let (own, other) = ((reward - moment.value) / propensity, weight * (reward - evaluation));
        moment.own += own * own;
        moment.cross += own * other;
        own_evaluation += other * other;
    }
    let count = rounds.len() as f64;
    let scale_evaluation = rounds.weight_diagnostics().mean;
    let judged = moments.iter().enumerate().filter(|(action, _)| can_judge(rounds, *action, rules));
    judged
        .map(|(action, moment)| {
            let scale = moment.weight / count;
            let squares = own_evaluation / scale_evaluation.powi(2) + moment.own / scale.powi(2)
                - 2.0 * moment.cross / (scale * scale_evaluation);
            let test = PairedTest::new(evaluation, moment.value, squares.max(0.0), rounds.len());
            Constant { action, value: moment.value, test }
        })
        .collect()
}

/// Whether the weights of a constant action pass the rules.
fn can_judge(rounds: &BanditRounds, action: usize, rules: &RefusalRules) -> bool {
    let logged = rounds.logged()[action];
    if logged == 0 {
        return false;
    }
    let of_round = rounds.action().iter().zip(rounds.propensities());
    let weights = of_round.map(|(&taken, p)| if taken as usize == action { 1.0 / p } else { 0.0 });
    rules.check(&WeightDiagnostics::of(weights)).is_empty()
}

impl PairedTest {
    /// From the sum of squared differences of centred influences.
    fn new(value: f64, other: f64, squares: f64, units: usize) -> Self {
        let (difference, scale) = (value - other, value.abs().max(other.abs()));
        let count = units as f64;
        let standard_error = (squares / (count - 1.0).max(1.0) / count).sqrt();
        // Two policies that act alike differ by rounding only, in the difference and in its error.
        let z = if difference.abs() <= ROUNDING * scale { f64::NAN } else { difference / standard_error };
        let p = |z: f64| if z.is_nan() { 1.0 } else { Normal::standard().sf(z) };
        Self { difference, standard_error, p_better: p(z), p_worse: p(-z) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::off_policy::Round;

    #[test]
    fn the_logging_policy_is_not_better_than_itself() -> Result<(), Error> {
        let mut rounds = BanditRounds::with_actions(2)?;
        for i in 0..200 {
            let round =
                Round { action: i % 2, reward: (i % 3) as f64, propensity: 0.5, evaluation: &[0.5, 0.5], q_hat: None };
            rounds.push(&round)?;
        }
        let headline = Headline::of(&rounds, &RefusalRules::default(), 0.95)?;
        assert_eq!(headline.than_logging, Verdict::Undecided);
        assert_eq!(headline.against_logging.map(|test| (test.difference, test.p_better)), Some((0.0, 1.0)));
        assert_eq!((headline.constants_judged, headline.constants_not_judged), (2, 0));
        Ok(())
    }

    #[test]
    fn the_standard_error_of_a_difference_is_that_of_the_influences() -> Result<(), Error> {
        let mut rounds = BanditRounds::with_actions(2)?;
        let (actions, rewards) = ([0, 1, 1, 0, 1, 0], [1.0, 0.0, 1.0, 2.0, 1.0, 0.5]);
        for (action, reward) in actions.into_iter().zip(rewards) {
            let propensity = if action == 0 { 0.4 } else { 0.6 };
            rounds.push(&Round { action, reward, propensity, evaluation: &[0.7, 0.3], q_hat: None })?;
        }
        let evaluation = self_normalised(&rounds)?;
        let constant = constants(&rounds, &RefusalRules::default(), evaluation)[0];
        // By the definition, round by round.
        let influence = |weights: &[f64]| -> Vec<f64> {
            let mean = weights.iter().sum::<f64>() / 6.0;
            let value = weights.iter().zip(rewards).map(|(w, r)| w * r).sum::<f64>() / 6.0 / mean;
            weights.iter().zip(rewards).map(|(w, r)| w * (r - value) / mean).collect()
        };
        let u: Vec<f64> = actions.iter().map(|&a| if a == 0 { 2.5 } else { 0.0 }).collect();
        let (of_policy, of_constant) = (influence(rounds.weights()), influence(&u));
        let squares: f64 = of_policy.iter().zip(&of_constant).map(|(a, b)| (a - b).powi(2)).sum();
        assert!((constant.test.standard_error - (squares / 30.0).sqrt()).abs() < 1e-12);
        assert!((constant.value - 3.5 / 3.0).abs() < 1e-12);
        Ok(())
    }
}
