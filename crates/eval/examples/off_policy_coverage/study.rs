//! Many logs from one simulator, every estimator judged on each, and how often its intervals hold the truth.
//!
//! ```text
//! log l ── generator of stream (scenario, l) ──► log of n units ──► judge_all, nothing refused ──► Observation
//!                                                                     over all l ──► Summary
//! ```

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use slatewise_eval::Error;
use slatewise_eval::interval::high_confidence_lower_bound;
use slatewise_eval::off_policy::{
    Accepted, Estimator, JudgeOptions, Outcome, Refusal, RefusalRules, WeightDiagnostics, judge_all,
};

/// Confidence level of every interval.
pub(crate) const LEVEL: f64 = 0.95;

/// A world whose value is known.
pub(crate) trait Simulator: Sync {
    /// What it logs.
    type Log;

    /// The evaluation policy's value, exactly.
    fn truth(&self) -> f64;

    /// A log of some units.
    fn log(&self, units: usize, rng: &mut ChaCha8Rng) -> Result<Self::Log, Error>;

    /// The support rule, if the log breaks it.
    fn support(&self, _log: &Self::Log) -> Option<Refusal> {
        None
    }
}

/// An estimator under study.
pub(crate) struct Subject<Log> {
    pub(crate) estimator: Box<dyn Estimator<Log> + Send + Sync>,
    /// Its expectation is not the policy's value, however long the log: shrunk weights, a wrong model alone, a false
    /// assumption.
    pub(crate) biased: bool,
    /// Its contributions are never negative, so that the high-confidence lower bound applies.
    pub(crate) non_negative: bool,
}

/// How a scenario is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) logs: usize,
    pub(crate) units: usize,
    pub(crate) resamples: usize,
    pub(crate) seed: u64,
    /// Which streams of the generator are the scenario's own.
    pub(crate) scenario: u64,
}

/// What one estimator says of one log.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    /// Value and intervals with nothing refused; none where all weights are 0.
    pub(crate) accepted: Option<Accepted>,
    /// The high-confidence lower bound.
    pub(crate) lower_bound: Option<f64>,
    /// The weights that the estimate rests on.
    pub(crate) weights: Option<WeightDiagnostics>,
    /// The default rules that the log breaks.
    pub(crate) refusals: Vec<Refusal>,
}

/// Generator number `stream` of the seed.
pub(crate) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Rules that refuse nothing but a log whose weights are all 0.
fn refuse_nothing() -> RefusalRules {
    RefusalRules {
        minimum_effective_sample_size: 0.0,
        largest_weight_share: 1.0,
        mean_weight_errors: f64::INFINITY,
        mean_weight_tolerance: f64::INFINITY,
        lost_weight_share: 1.0,
        unsupported_share: 1.0,
    }
}

/// Observations `[subject][log]`. Each log has a generator of its own, so that the number of threads changes nothing.
pub(crate) fn observe<S: Simulator>(
    simulator: &S,
    subjects: &[Subject<S::Log>],
    plan: &Plan,
) -> Result<Vec<Vec<Observation>>, Error> {
    let of_log = |number: usize| {
        let mut rng = generator(plan.seed, plan.scenario << 32 | number as u64);
        let log = simulator.log(plan.units, &mut rng)?;
        of_subjects(subjects, &log, simulator.support(&log), plan, &mut rng)
    };
    let by_log = (0..plan.logs).into_par_iter().map(of_log).collect::<Result<Vec<_>, Error>>()?;
    let of_subject = |subject: usize| by_log.iter().map(|row| row[subject].clone()).collect();
    Ok((0..subjects.len()).map(of_subject).collect())
}

fn of_subjects<Log>(
    subjects: &[Subject<Log>],
    log: &Log,
    support: Option<Refusal>,
    plan: &Plan,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Observation>, Error> {
    let estimators: Vec<&dyn Estimator<Log>> = subjects.iter().map(|subject| subject.estimator.as_ref() as _).collect();
    let open = JudgeOptions { level: LEVEL, resamples: plan.resamples, rules: refuse_nothing(), support: None };
    let strict = JudgeOptions { resamples: 0, rules: RefusalRules::default(), support, ..open };
    let estimates = judge_all(&estimators, log, &open, rng)?;
    let strictly = judge_all(&estimators, log, &strict, rng)?;
    let mut observations = Vec::with_capacity(subjects.len());
    for ((subject, estimate), strict) in subjects.iter().zip(estimates).zip(strictly) {
        let refusals = match strict.outcome {
            Outcome::Refused { reasons, .. } => reasons,
            Outcome::Accepted(_) | Outcome::Undefined(_) => Vec::new(),
        };
        let lower_bound = if subject.non_negative {
            high_confidence_lower_bound(&subject.estimator.evidence(log)?.contributions.influence()?, LEVEL)?
        } else {
            None
        };
        let weights = estimate.weights.as_ref().and_then(|weights| weights.diagnostics().copied());
        observations.push(Observation { accepted: estimate.accepted().copied(), lower_bound, weights, refusals });
    }
    Ok(observations)
}

/// A share of cases with its Monte Carlo error.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Share {
    pub(crate) hits: usize,
    pub(crate) cases: usize,
}

impl Share {
    pub(crate) fn of(cases: impl IntoIterator<Item = bool>) -> Self {
        cases
            .into_iter()
            .fold(Self::default(), |share, hit| Self { hits: share.hits + usize::from(hit), cases: share.cases + 1 })
    }

    pub(crate) fn rate(self) -> f64 {
        self.hits as f64 / self.cases as f64
    }

    /// Standard error of the rate, from the rate itself.
    pub(crate) fn error(self) -> f64 {
        (self.rate() * (1.0 - self.rate()) / self.cases as f64).sqrt()
    }

    /// Distance of the rate from a nominal one, in Monte Carlo errors under the nominal one.
    pub(crate) fn errors_from(self, nominal: f64) -> f64 {
        (self.rate() - nominal) / (nominal * (1.0 - nominal) / self.cases as f64).sqrt()
    }
}

/// How often each interval holds a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coverage {
    pub(crate) normal: Share,
    pub(crate) bootstrap: Share,
    pub(crate) bernstein: Share,
    /// How often the lower bound lies at or below it.
    pub(crate) lower_bound: Share,
}

impl Coverage {
    /// Shares without cases where an interval does not exist.
    pub(crate) fn of<'a>(
        observations: impl IntoIterator<Item = &'a Observation, IntoIter: Clone>,
        target: f64,
    ) -> Self {
        let observations = observations.into_iter();
        let accepted = || observations.clone().filter_map(|observation| observation.accepted);
        // Sums in another order than the truth's: a hair of slack, for estimates without any variance.
        let (above, below) = (target * (1.0 + 1e-12), target * (1.0 - 1e-12));
        let holds = |bounds: Option<(f64, f64)>| bounds.map(|(low, high)| low <= above && below <= high);
        let bounds = observations.clone().filter_map(|observation| observation.lower_bound);
        Self {
            normal: Share::of(accepted().filter_map(|accepted| holds(accepted.normal.bounds))),
            bootstrap: Share::of(accepted().filter_map(|accepted| holds(accepted.bootstrap?.bounds))),
            bernstein: Share::of(accepted().filter_map(|accepted| holds(accepted.bernstein?.bounds))),
            lower_bound: Share::of(bounds.map(|bound| bound <= above)),
        }
    }
}

/// One estimator over all logs of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) bias: f64,
    /// Monte Carlo error of the bias.
    pub(crate) bias_error: f64,
    pub(crate) rmse: f64,
    /// Mean reported standard error over the actual standard deviation of the estimates.
    pub(crate) error_ratio: f64,
    pub(crate) of_truth: Coverage,
    /// Of the estimator's own mean over logs.
    pub(crate) of_own_mean: Coverage,
    pub(crate) refused: Share,
}

impl Summary {
    pub(crate) fn of(observations: &[Observation], truth: f64) -> Self {
        let accepted = || observations.iter().filter_map(|observation| observation.accepted);
        let values: Vec<f64> = accepted().map(|accepted| accepted.value).collect();
        let errors: Vec<f64> = accepted().filter_map(|accepted| accepted.standard_error).collect();
        let own = mean(&values);
        let deviation = (values.iter().map(|v| (v - own).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)).sqrt();
        Self {
            bias: own - truth,
            bias_error: deviation / (values.len() as f64).sqrt(),
            rmse: mean(&values.iter().map(|value| (value - truth).powi(2)).collect::<Vec<_>>()).sqrt(),
            error_ratio: mean(&errors) / deviation,
            of_truth: Coverage::of(observations, truth),
            of_own_mean: Coverage::of(observations, own),
            refused: Share::of(observations.iter().map(|observation| !observation.refusals.is_empty())),
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
