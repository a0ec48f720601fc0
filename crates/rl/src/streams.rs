//! `Streams`: one seeded generator per purpose, so that a draw added in one place moves nothing elsewhere.
//!
//! ```text
//! seed ──┬─ explore   what a policy draws while it acts
//!        ├─ simulate  what an environment draws while it answers
//!        └─ replay    which stored transitions a learner looks at again
//! ```
//!
//! The streams of one seed are disjoint ChaCha8 streams: same key, different stream number (Bernstein 2008).
//!
//! ```
//! use rand::RngExt;
//! use slatewise_rl::Streams;
//!
//! let (mut one, mut other) = (Streams::new(7), Streams::new(7));
//! let _: f64 = one.explore.random(); // an extra draw here ...
//! assert_eq!(one.simulate.random::<u64>(), other.simulate.random::<u64>()); // ... moves nothing there
//! ```

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::generator;

/// The generators of one run, or of one session of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Streams {
    /// Draws of policies.
    #[serde(with = "generator")]
    pub explore: ChaCha8Rng,
    /// Draws of environments.
    #[serde(with = "generator")]
    pub simulate: ChaCha8Rng,
    /// Draws from replay buffers.
    #[serde(with = "generator")]
    pub replay: ChaCha8Rng,
}

impl Streams {
    /// The generators of a run.
    pub fn new(seed: u64) -> Self {
        Self::of_session(seed, 0)
    }

    /// The generators of session `index` of a run.
    ///
    /// Two policies that are judged on session `index` meet the same start and the same chance (common random numbers),
    /// whatever each of them did in the sessions before.
    pub fn of_session(seed: u64, index: u64) -> Self {
        let stream = |purpose: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(index.wrapping_mul(3).wrapping_add(purpose));
            rng
        };
        Self { explore: stream(0), simulate: stream(1), replay: stream(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_and_sessions_differ_and_repeat() {
        let draw = |index| {
            let mut streams = Streams::of_session(3, index);
            [streams.explore.random::<u64>(), streams.simulate.random(), streams.replay.random()]
        };
        let (first, second) = (draw(0), draw(1));
        assert_eq!(first, draw(0));
        assert!(first[0] != first[1] && first[1] != first[2] && first.iter().all(|x| !second.contains(x)));
    }
}
