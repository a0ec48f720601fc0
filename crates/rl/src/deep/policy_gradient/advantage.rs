//! Generalised advantage estimation: how much better an action turned out than its state promised.
//!
//! ```text
//! δ_t = r_t + γ d_t V(s_{t+1}) − V(s_t)                       d_t = 0 where the episode terminates, else 1
//! A_t = δ_t + γ λ A_{t+1}                                     without the second term where the episode or the segment ends
//! G_t = A_t + V(s_t)                                          what V(s_t) is drawn to; with λ = 1 the return itself
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | r_t, d_t | `reward`, `discount` of an [`Outcome`] |
//! | V(s_t), V(s_{t+1}) | `value`, `next_value` |
//! | γ, λ | `discount`, `lambda` |
//!
//! A truncation ends the sum, but d stays 1: the value of the state in which it was cut short stands for what would have followed.
//!
//! Differences from the paper:
//! 1. The sum over an infinite future ends with the segment that was gathered, where V(s_{t+1}) stands for the rest.
//!
//! Reference: Schulman et al. 2016, "High-dimensional continuous control using generalized advantage estimation", equation 16.

/// What came of one action; those of a segment follow each other in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// r_t.
    pub reward: f64,
    /// d_t in [0, 1]: 0 where the episode terminates.
    pub discount: f64,
    /// V(s_t).
    pub value: f64,
    /// V(s_{t+1}), of the same episode; without effect where `discount` is 0.
    pub next_value: f64,
    /// Whether the episode ends with it, for good or cut short.
    pub last: bool,
}

/// A_t of every step of a segment of one environment.
///
/// # Shapes
/// `[T]` → `[T]`
pub fn advantages(segment: &[Outcome], discount: f64, lambda: f64) -> Vec<f64> {
    let mut estimates = vec![0.0; segment.len()];
    let mut following = 0.0;
    for (estimate, outcome) in estimates.iter_mut().zip(segment).rev() {
        let discount_t = discount * outcome.discount;
        let error = outcome.reward + discount_t * outcome.next_value - outcome.value;
        let carried = if outcome.last { 0.0 } else { discount_t * lambda * following };
        *estimate = error + carried;
        following = *estimate;
    }
    estimates
}

/// Shifts and scales advantages to mean 0 and standard deviation 1 (of a sample, n − 1); fewer than two are left as they are.
///
/// 1e-8 is added to the deviation, so that equal advantages become 0.
pub fn normalise(advantages: &mut [f64]) {
    if advantages.len() < 2 {
        return;
    }
    let count = advantages.len() as f64;
    let mean = advantages.iter().sum::<f64>() / count;
    let variance = advantages.iter().map(|advantage| (advantage - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let deviation = variance.sqrt() + 1e-8;
    advantages.iter_mut().for_each(|advantage| *advantage = (*advantage - mean) / deviation);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reward: f64, value: f64, next_value: f64) -> Outcome {
        Outcome { reward, discount: 1.0, value, next_value, last: false }
    }

    fn assert_near(found: &[f64], expected: &[f64]) {
        let near = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12);
        assert!(near, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn advantages_equal_hand_computation() {
        // γ = 0.5, λ = 0.5. δ = 1 + 0.5·4 − 2 = 1, 2 + 0.5·6 − 4 = 1, 3 + 0.5·8 − 6 = 1; γλ = 0.25.
        let segment = [outcome(1.0, 2.0, 4.0), outcome(2.0, 4.0, 6.0), outcome(3.0, 6.0, 8.0)];
        assert_near(&advantages(&segment, 0.5, 0.5), &[1.3125, 1.25, 1.0]);
        // λ = 0: the errors themselves.
        assert_near(&advantages(&segment, 0.5, 0.0), &[1.0; 3]);
        // λ = 1: the return less V. 1 + 0.5 (2 + 0.5 (3 + 0.5·8)) − 2 = 2.75 − 1, and so on.
        assert_near(&advantages(&segment, 0.5, 1.0), &[1.75, 1.5, 1.0]);
    }

    #[test]
    fn a_truncation_bootstraps_and_a_termination_does_not() {
        let cut = Outcome { last: true, ..outcome(1.0, 2.0, 4.0) };
        let ended = Outcome { discount: 0.0, ..cut };
        let after = outcome(10.0, 0.0, 0.0);
        // 1 + 0.5·4 − 2 and 1 − 2; of the next episode nothing comes back.
        assert_near(&advantages(&[cut, after], 0.5, 1.0), &[1.0, 10.0]);
        assert_near(&advantages(&[ended, after], 0.5, 1.0), &[-1.0, 10.0]);
        // The step before either sees it: δ = 0 + 0.5·2 − 1 = 0, and γλ times what follows.
        let before = outcome(0.0, 1.0, 2.0);
        assert_near(&advantages(&[before, cut], 0.5, 0.5), &[0.25, 1.0]);
        assert_near(&advantages(&[before, ended], 0.5, 0.5), &[-0.25, -1.0]);
    }

    #[test]
    fn normalised_advantages_equal_hand_computation() {
        // Mean 2, sample variance (1 + 0 + 1) / 2 = 1.
        let mut spread = [1.0, 2.0, 3.0];
        normalise(&mut spread);
        assert!(spread.iter().zip([-1.0, 0.0, 1.0]).all(|(f, e)| (f - e).abs() < 1e-7), "{spread:?}");
        let (mut equal, mut single) = ([4.0; 3], [4.0]);
        normalise(&mut equal);
        normalise(&mut single);
        assert_eq!((equal, single), ([0.0; 3], [4.0]));
    }
}
