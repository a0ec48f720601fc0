//! Corrections of p-values for the number of tests.
//!
//! ```text
//! p_(1) ≤ … ≤ p_(m)
//! Holm                p̃_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j))    chance of any false claim at most α
//! Benjamini-Hochberg  p̃_(i) = min_{j ≥ i} min(1, m p_(j) / j)       expected share of false claims among all at most α
//! ```
//!
//! Holm holds whatever the tests' dependence. Benjamini-Hochberg holds for independent or positively dependent tests,
//! which metrics of the same lists usually are, and claims more.
//! References: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
//! (1979); Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).
//!
//! ```
//! use slatewise_eval::comparison::Correction;
//!
//! assert_eq!(Correction::Holm.adjust(&[0.5, 0.125, 0.25]), [0.5, 0.375, 0.5]);
//! assert_eq!(Correction::BenjaminiHochberg.adjust(&[0.5, 0.125, 0.25]), [0.5, 0.375, 0.375]);
//! ```

/// How p-values are corrected for their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Correction {
    /// Family-wise error rate.
    #[default]
    Holm,
    /// False discovery rate.
    BenjaminiHochberg,
}

impl Correction {
    /// The corrected p-values, in the order given; each is at least what it was, and at most 1.
    pub fn adjust(self, p: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_unstable_by(|&a, &b| p[a].total_cmp(&p[b]));
        let tests = p.len() as f64;
        let mut adjusted = vec![0.0; p.len()];
        match self {
            Self::Holm => {
                let mut largest = 0.0_f64;
                for (place, &test) in order.iter().enumerate() {
                    largest = largest.max(((tests - place as f64) * p[test]).min(1.0));
                    adjusted[test] = largest;
                }
            }
            Self::BenjaminiHochberg => {
                let mut smallest = 1.0_f64;
                for (place, &test) in order.iter().enumerate().rev() {
                    smallest = smallest.min(tests * p[test] / (place + 1) as f64);
                    adjusted[test] = smallest;
                }
            }
        }
        adjusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ours: &[f64], by_hand: &[f64]) {
        assert_eq!(ours.len(), by_hand.len());
        assert!(ours.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-12), "{ours:?} instead of {by_hand:?}");
    }

    #[test]
    fn by_hand() {
        // Holm: 4 · .01 = .04; 3 · .013 = .039, raised to .04; 2 · .03 = .06; .04, raised to .06.
        let p = [0.03, 0.01, 0.04, 0.013];
        near(&Correction::Holm.adjust(&p), &[0.06, 0.04, 0.06, 0.04]);
        // Benjamini-Hochberg: 4/4 · .04 = .04; 4/3 · .03 = .04; 4/2 · .013 = .026; 4 · .01 = .04, lowered to .026.
        near(&Correction::BenjaminiHochberg.adjust(&p), &[0.04, 0.026, 0.04, 0.026]);
    }

    #[test]
    fn one_test_needs_no_correction_and_nothing_passes_1() {
        for correction in [Correction::Holm, Correction::BenjaminiHochberg] {
            assert_eq!(correction.adjust(&[0.2]), [0.2]);
            assert_eq!(correction.adjust(&[]), [0.0; 0]);
            assert_eq!(correction.adjust(&[0.9, 0.8, 1.0]).iter().copied().fold(0.0, f64::max), 1.0);
        }
    }
}
