//! Comparison of two runs on the same units: does one differ from the other, and by how much?
//!
//! ```text
//! run A   unit ─ values ┐              ┌ mean of A, mean of B, difference B − A with its interval
//!                       ├ per metric ──┤ p-value of a sign-flip test, corrected for the number of metrics
//! run B   unit ─ values ┘              └ effect size, shares of units where each side is higher
//! ```
//!
//! 1. [`UnitTable`] holds the per-unit values of a run; [`UnitTable::align`] joins two by their units and counts what
//!    has no partner.
//! 2. [`compare`] judges each metric on the units where both runs have a value, by [`sign_flip_test`] and the paired
//!    bootstrap.
//! 3. [`Correction`] accounts for how many metrics were looked at, since of twenty null differences one falls below 5 %
//!    by chance.
//!
//! Both sides are judged on the same units, so what makes a unit easy or hard for both cancels.
//!
//! ```
//! use rand::SeedableRng;
//! use slatewise_eval::comparison::{ComparisonConfig, UnitTable, Verdict, compare};
//!
//! let run = |lift: f64| {
//!     let ndcg = (0..8).map(|n| Some(0.1 * f64::from(n) + lift)).collect();
//!     UnitTable::new((0..8).map(|n| format!("u{n}")).collect(), vec![("ndcg".to_owned(), ndcg)])
//! };
//! let aligned = run(0.0)?.align(&run(0.05)?)?;
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let [ndcg] = &compare(&aligned.metrics, &ComparisonConfig::default(), &mut rng)?[..] else { panic!() };
//! let outcome = ndcg.outcome.clone()?;
//! // All eight units gain: of 2⁸ sign patterns two are as extreme.
//! assert_eq!((outcome.p, outcome.exact), (2.0 / 256.0, true));
//! assert_eq!(outcome.verdict(0.95, false), Verdict::BIsBetter);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

mod compare;
mod correction;
mod permutation;
mod units;

pub use compare::{Comparison, ComparisonConfig, Outcome, Verdict, compare};
pub use correction::Correction;
pub use permutation::{SignFlipTest, sign_flip_test};
pub use units::{Aligned, Pairs, UnitTable};
