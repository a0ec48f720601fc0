//! Discrete CQL(H): values of what was not done are pushed down, of what was done pushed up.
//!
//! Kumar, Zhou, Tucker & Levine 2020, "Conservative Q-learning for offline reinforcement learning", equation 4:
//!
//! ```text
//! min_Q  α E_s [ log Σ_a exp Q(s, a) − E_{a ~ π_b} Q(s, a) ] + ½ E_{s, a} [ (Q(s, a) − T̂Q(s, a))² ]
//!
//! T̂Q(s, a) = r̂(s, a) + γ Σ P̂(s'|s, a) max_a' Q(s', a')                       held fixed in the gradient
//!
//! gradient 0:   α n(s) [ softmax(Q(s, ·))(a) − π_b(a|s) ] + n(s, a) [ Q(s, a) − T̂Q(s, a) ] = 0
//! hence         Q(s, a) = T̂Q(s, a) − α [ softmax(Q(s, ·))(a) / π_b(a|s) − 1 ]
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | α | `alpha` |
//! | γ | `fixed_point.discount` |
//! | T̂Q(s, ·) | `targets` |
//! | π_b(·\|s) | `behavior` |
//! | L, x | `level`, `logs` in `Conserved` |
//!
//! Given the targets, Q(s, ·) is the minimum of a strictly convex function. It is found through one number, the level
//! L = log Σ exp Q: with x = Q − L and c = α / π_b the last line reads x + c eˣ = T̂Q + α − L, one increasing equation per action, and L is where
//! Σ eˣ = 1. That sum is convex and falling in L, so Newton's method from the left reaches it without overshooting.
//! The map from targets to Q is monotone and shifts with them (its derivative is the inverse of an M-matrix whose rows sum to 1), so
//! sweeps contract by γ as for fitted Q iteration and the fixed point is the only one.
//!
//! Differences from the paper:
//! 1. The backup is the optimality operator (max), as in the paper's discrete experiments, not that of an actor.
//! 2. The ½ before the squared error is kept: without it the same Q has 2 α.
//! 3. Actions that the log never shows in s are not in the softmax. Their gradient is α n(s) softmax(a) > 0 whatever Q(s, a), so the
//!    loss has no minimum, only a limit at Q(s, a) = −∞, where their share of the softmax is 0: that limit is what is solved.
//! 4. α is fixed; the Lagrangian form, which tunes it, is left out.
//! 5. The fixed point in place of gradient steps; no target network is needed.

use super::fixed_point::FixedPoint;
use super::log::TabularLog;
use super::solution::OfflineSolution;
use crate::error::Error;
use crate::value_learning::argmax;

/// Newton steps after which rounding must have been reached; they number two to ten.
const MOST_STEPS: usize = 1_000;

/// The learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiscreteCql {
    /// Discount and accuracy.
    pub fixed_point: FixedPoint,
    /// α ≥ 0, in the unit of the values; 0 is fitted Q iteration. Chosen per data set in the paper; 1 by default.
    pub alpha: f64,
}

impl DiscreteCql {
    /// With α = 1 and the usual accuracy.
    pub fn new(discount: f64) -> Self {
        Self { fixed_point: FixedPoint::new(discount), alpha: 1.0 }
    }

    /// Q, its maximum, and the policy that takes it.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest.
    pub fn solve(&self, log: &TabularLog) -> Result<OfflineSolution, Error> {
        let alpha = self.alpha;
        let holds = alpha >= 0.0 && alpha.is_finite();
        Error::unless(holds, "cql", "alpha", || format!("{alpha} must be a number from 0 on; 1 is usual"))?;
        let mut memory: Vec<Option<Conserved>> = vec![None; log.states()];
        let values = self.fixed_point.solve(log, |state, targets| {
            let conserved = memory[state].get_or_insert_with(|| {
                let behavior = log.pairs(state).iter().map(|pair| pair.behavior).collect();
                Conserved::new(targets, behavior, alpha)
            });
            conserved.follow(targets);
            conserved.values().fold(f64::NEG_INFINITY, f64::max)
        })?;
        Ok(OfflineSolution::finish(log, &self.fixed_point, &values, |state, q, probabilities| {
            // Once more without memory, so that Q follows from V alone.
            let behavior: Vec<f64> = log.pairs(state).iter().map(|pair| pair.behavior).collect();
            q.copy_from_slice(&conservative_values(q, &behavior, alpha));
            let best = argmax(q);
            probabilities[best] = 1.0;
            q[best]
        }))
    }
}

/// The Q that minimises α [log Σ exp Q − Σ π_b Q] + ½ Σ π_b (Q − target)²: one state's part of CQL's loss, over n(s).
///
/// # Shapes
/// - targets: `[A]`, A ≥ 1
/// - behavior: `[A]`, above 0 with sum 1
/// - alpha: ≥ 0
/// - output: `[A]`
///
/// # Reference
/// Kumar et al. 2020, equation 4, as solved at the top of this file.
pub fn conservative_values(targets: &[f64], behavior: &[f64], alpha: f64) -> Vec<f64> {
    let (values, probabilities) = (targets.len(), behavior.len());
    assert!(
        values == probabilities && values > 0,
        "targets of shape [{values}] under probabilities of shape [{probabilities}]"
    );
    let mut conserved = Conserved::new(targets, behavior.to_vec(), alpha);
    conserved.follow(targets);
    conserved.values().collect()
}

/// The minimum of one state, kept from sweep to sweep: the next one is near.
#[derive(Debug, Clone)]
struct Conserved {
    alpha: f64,
    /// π_b.
    behavior: Vec<f64>,
    targets: Vec<f64>,
    /// L, not above that of the targets, up to rounding, until it is at rest.
    level: f64,
    /// x of each action.
    logs: Vec<f64>,
}

impl Conserved {
    /// A level from which to begin.
    fn new(targets: &[f64], behavior: Vec<f64>, alpha: f64) -> Self {
        let pairs = || targets.iter().zip(&behavior);
        // At both of these levels Σ eˣ ≥ 1: every eˣ is at least its π_b, or one of them is 1.
        let all = pairs().map(|(target, p)| target - p.ln()).fold(f64::INFINITY, f64::min);
        let one = pairs().map(|(target, p)| target + alpha - alpha / p).fold(f64::NEG_INFINITY, f64::max);
        let level = all.max(one);
        // Not below their x, since c eˣ is positive.
        let logs = targets.iter().map(|target| (target + alpha - level).min(0.0)).collect();
        Self { alpha, behavior, targets: targets.to_vec(), level, logs }
    }

    /// Goes to the minimum of other targets.
    fn follow(&mut self, targets: &[f64]) {
        // L is monotone in the targets and shifts with them, so it rises at least as much as the least of them.
        let rises = targets.iter().zip(&self.targets).map(|(after, before)| after - before);
        self.level += rises.fold(f64::INFINITY, f64::min);
        self.targets.copy_from_slice(targets);
        if self.alpha == 0.0 {
            return;
        }
        for step in 0..MOST_STEPS {
            let (mut sum, mut slope) = (0.0, 0.0);
            for ((target, p), x) in self.targets.iter().zip(&self.behavior).zip(&mut self.logs) {
                let c = self.alpha / p;
                *x = log_share(target + self.alpha - self.level, c, *x);
                let share = x.exp();
                sum += share;
                slope += share / (1.0 + c * share);
            }
            let next = self.level + (sum - 1.0) / slope;
            // From the left Newton rises until rounding stops it; the first step also mends a start that rounding put to the right.
            if step > 0 && (next <= self.level || next.is_nan()) {
                break;
            }
            self.level = next;
        }
    }

    /// Q.
    fn values(&self) -> impl Iterator<Item = f64> {
        // Where the gradient is 0, Q and the targets have the same mean under π_b. For large α, where Σ eˣ = 1 hardly says what L is,
        // that says it to the last digits.
        let pairs = self.targets.iter().zip(&self.logs).zip(&self.behavior);
        let level: f64 = pairs.map(|((target, log), p)| p * (target - log)).sum();
        let pushed = move |(target, log): (&f64, &f64)| if self.alpha == 0.0 { *target } else { level + log };
        self.targets.iter().zip(&self.logs).map(pushed)
    }
}

/// The x with x + c eˣ = t, for c > 0, by Newton's method from a guess.
fn log_share(t: f64, c: f64, guess: f64) -> f64 {
    // The root is not above t, nor above 0 unless c eˣ ≤ t there; and so far eˣ does not overflow.
    let most = t.min((t / c).ln().max(0.0));
    let mut x = guess.min(most);
    for step in 0..MOST_STEPS {
        let weighed = c * x.exp();
        let next = x - (x + weighed - t) / (1.0 + weighed);
        // The left side is convex and rises: after the first step x is not below the root, and falls until rounding stops it.
        if step > 0 && (next >= x || next.is_nan()) {
            break;
        }
        x = next.min(most);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::super::logged::{log_of, step, times};
    use super::*;

    /// π_b = (1/4, 3/4), α = 2: Q = (ln 3, 0) has softmax (3/4, 1/4), so T̂Q = Q + 2 (3 − 1, 1/3 − 1) = (ln 3 + 4, −4/3).
    #[test]
    fn values_equal_hand_computation() {
        let ln3 = 3.0_f64.ln();
        let q = conservative_values(&[ln3 + 4.0, -4.0 / 3.0], &[0.25, 0.75], 2.0);
        assert!((q[0] - ln3).abs() < 1e-14 && q[1].abs() < 1e-14, "{q:?}");
        // The same as rewards of a step that ends the episode; action 1 is never taken.
        let rows = [step(0, 0, ln3 + 4.0, 0, true)].into_iter().chain(times(3, step(0, 2, -4.0 / 3.0, 0, true)));
        let log = log_of(1, 3, &rows.collect::<Vec<_>>());
        let solution = DiscreteCql { alpha: 2.0, ..DiscreteCql::new(0.9) }.solve(&log).unwrap();
        let row = solution.row(0);
        assert!((row[0] - ln3).abs() < 1e-12 && row[1] == f64::NEG_INFINITY && row[2].abs() < 1e-12, "{row:?}");
        assert_eq!((solution.policy().row(0), solution.values()[0]), (&[1.0, 0.0, 0.0][..], row[0]));
        // A single action is certain whatever its value: nothing is pushed.
        assert!((conservative_values(&[5.0], &[1.0], 3.0)[0] - 5.0).abs() < 1e-14);
    }

    /// The gradient of the loss, written out, is 0 at values from tiny to huge.
    #[test]
    fn the_gradient_vanishes() {
        let shares = [[0.25, 0.25, 0.5], [0.001, 0.009, 0.99], [0.98, 0.01, 0.01]];
        for targets in [[0.0, 1.0, 2.0], [50.0, -50.0, 0.0], [-3e3, 2e3, 2.5e3], [1e-9, 0.0, -1e-9], [1e6, 1e6, -1e6]] {
            for behavior in shares {
                for alpha in [1e-6, 0.1, 1.0, 10.0, 1e4] {
                    let q = conservative_values(&targets, &behavior, alpha);
                    let largest = q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let sum: f64 = q.iter().map(|q| (q - largest).exp()).sum();
                    for action in 0..3 {
                        let softmax = (q[action] - largest).exp() / sum;
                        let pushed = alpha * (softmax - behavior[action]);
                        let gradient = pushed + behavior[action] * (q[action] - targets[action]);
                        let scale = 1.0 + alpha + largest.abs();
                        assert!(gradient.abs() < 1e-11 * scale, "{gradient:e} at {targets:?}, {behavior:?}, {alpha}");
                    }
                }
            }
        }
    }

    /// For α → ∞ the softmax is π_b, so Q = ln π_b up to a shift, and the mean under π_b stays that of the targets.
    #[test]
    fn a_huge_alpha_costs_no_digits() {
        let q = conservative_values(&[1.0, 3.0, -2.0], &[0.25, 0.25, 0.5], 1e10);
        let shift = (0.25 * (1.0 + 3.0) - 0.5 * 2.0) - (0.5 * 0.25_f64.ln() + 0.5 * 0.5_f64.ln());
        for (q, p) in q.iter().zip([0.25_f64, 0.25, 0.5]) {
            assert!((q - shift - p.ln()).abs() < 1e-8, "{q} instead of {}", shift + p.ln());
        }
    }

    /// Going from targets to targets ends where beginning anew does.
    #[test]
    fn what_is_kept_between_sweeps_changes_nothing() {
        let behavior = [0.05, 0.2, 0.75];
        // Every fifth round is far off.
        let targets = |round: f64| [round.sin() * 40.0, round, 9.0 - (round % 5.0).floor() * 1e3];
        for alpha in [0.01, 1.0, 50.0] {
            let mut conserved = Conserved::new(&targets(0.0), behavior.to_vec(), alpha);
            for round in 0..200 {
                let targets = targets(f64::from(round) / 7.0);
                conserved.follow(&targets);
                let anew = conservative_values(&targets, &behavior, alpha);
                let agrees = conserved.values().zip(&anew).all(|(kept, anew)| (kept - anew).abs() < 1e-10);
                assert!(agrees, "{:?} instead of {anew:?} in round {round}", conserved.values().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_bad_alpha_is_named() {
        let log = log_of(1, 1, &[step(0, 0, 1.0, 0, true)]);
        for alpha in [-1.0, f64::NAN, f64::INFINITY] {
            let error = DiscreteCql { alpha, ..DiscreteCql::new(0.9) }.solve(&log).unwrap_err().to_string();
            assert!(error.starts_with("cql.alpha: ") && error.contains("must be a number from 0 on"), "{error}");
        }
    }
}
