//! Properties of intervals that hold for all inputs.

use proptest::prelude::*;
use slatewise_eval::interval::{bootstrap_interval, student_t_interval};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn intervals_hold_their_mean_and_widen_with_the_level(samples in prop::collection::vec(-5.0_f64..5.0, 2..30)) {
        let (narrow, wide) = (student_t_interval(&samples, 0.8)?, student_t_interval(&samples, 0.99)?);
        if let (Some(narrow), Some((lower, upper))) = (narrow.bounds, wide.bounds) {
            prop_assert!(lower <= narrow.0 && narrow.1 <= upper);
            prop_assert!((lower..=upper).contains(&wide.mean));
        }
        let mut rng: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(3);
        let bootstrap = bootstrap_interval(&samples, 0.9, 50, &mut rng)?;
        let (smallest, largest) = (samples.iter().copied().fold(f64::MAX, f64::min), samples.iter().copied().fold(f64::MIN, f64::max));
        prop_assert!(bootstrap.bounds.is_some_and(|(lower, upper)| smallest - 1e-9 <= lower && upper <= largest + 1e-9));
    }
}
