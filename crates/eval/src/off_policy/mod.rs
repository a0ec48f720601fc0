//! Off-policy evaluation: what would another policy have earned, judged from a log that it did not write?
//!
//! 1. **A log** is checked once and reduced to what estimators need: [`BanditRounds`] (single decisions), [`Trajectories`] (several
//!    steps), [`Slates`] (several positions at once). Propensities of 0, probabilities that do not sum to 1, gaps in a trajectory are
//!    errors that name the row.
//! 2. **An [`Estimator`]** turns it into [`Contributions`] per unit, and says on which weights they rest ([`WeightUse`]).
//! 3. **[`judge`]** does the rest once for all: value, standard error, intervals, or a refusal.
//! 4. **[`Headline`]** asks first what matters: better than the logging policy, and than the best constant action?
//!
//! | unit | importance-weighted | self-normalised | model | both |
//! |---|---|---|---|---|
//! | round | [`Ips`] (plain, clipped, sub-Gaussian) | [`Snips`] | [`DirectMethod`] | [`DoublyRobust`] (plain, MRDR, clipped, Switch, DRos, sub-Gaussian), [`SelfNormalisedDoublyRobust`] |
//! | trajectory | [`TrajectoryIs`], [`PerDecisionIs`] | [`TrajectoryWis`], [`PerDecisionWis`] | [`SequentialDirectMethod`] | [`SequentialDoublyRobust`], [`WeightedDoublyRobust`] |
//! | slate | [`SlateEstimator`]: SIPS, IIPS, RIPS | SNSIPS, SNIIPS, SNRIPS | | |
//!
//! # Refusal
//!
//! An importance-weighted estimate from two effective samples is not an estimate. Where the weights fail the [`RefusalRules`], the outcome
//! is [`Outcome::Refused`] with every broken rule and its numbers; there is no value to print by accident. [`tune`] chooses λ and τ by
//! estimated error; [`PropensityDiagnostics`] looks at the logged propensities themselves.
//!
//! ```
//! use rand::SeedableRng;
//! use slatewise_eval::off_policy::{BanditRounds, Ips, JudgeOptions, Outcome, Round, judge};
//!
//! // A thousand rounds of action 0; once, action 1 was taken with a propensity of one in a million.
//! let mut rounds = BanditRounds::with_actions(2)?;
//! for i in 0..1000 {
//!     let (action, propensity) = if i == 500 { (1, 1e-6) } else { (0, 1.0 - 1e-6) };
//!     rounds.push(&Round { action, reward: 1.0, propensity, evaluation: &[0.5, 0.5], q_hat: None })?;
//! }
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let estimate = judge(&Ips::plain(), &rounds, &JudgeOptions::default(), &mut rng)?;
//! assert_eq!(estimate.value(), None);
//! assert!(estimate.reason().unwrap().starts_with("refused: effective sample size 1.0 of 1000 units, below 10.0"));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

mod bandit;
mod contributions;
mod estimate;
mod refusal;
mod sequential;
mod slate;
mod weights;

pub use bandit::{
    ActionPropensity, BanditRounds, Base, Candidate, Constant, Criterion, DirectMethod, DoublyRobust, Headline, Ips,
    PairedTest, PropensityDiagnostics, Round, SelfNormalisedDoublyRobust, Shift, Shrinkage, Snips, Tuning, Verdict,
    tune,
};
pub use contributions::{Contributions, Term};
pub use estimate::{Accepted, Estimate, Estimator, Evidence, JudgeOptions, Outcome, WeightUse, judge, judge_all};
pub use refusal::{Refusal, RefusalRules};
pub use sequential::{
    PerDecisionIs, PerDecisionWis, SequentialDirectMethod, SequentialDoublyRobust, StepModel, Steps, Trajectories,
    TrajectoryIs, TrajectoryWis, WeightedDoublyRobust,
};
pub use slate::{Probabilities, SlateEstimator, SlateRows, SlateWeights, Slates};
pub use weights::{WeightDiagnostics, WeightHistogram};
