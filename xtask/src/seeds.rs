//! One seed, many named streams: a draw added for one purpose moves no other.
//!
//! stream(name) = ChaCha8(SHA-256(seed as 8 little-endian bytes ‖ name))

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The run's seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeds(pub(crate) u64);

impl Seeds {
    /// The generator of a purpose, such as `shuffle`.
    pub(crate) fn stream(self, purpose: &str) -> ChaCha8Rng {
        let digest = Sha256::new().chain_update(self.0.to_le_bytes()).chain_update(purpose).finalize();
        ChaCha8Rng::from_seed(digest.into())
    }

    /// A seed for a purpose that makes its own generators.
    pub(crate) fn number(self, purpose: &str) -> u64 {
        self.stream(purpose).random()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::Seeds;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose| Seeds(seed).stream(purpose).random::<u64>();
        assert_eq!(draw(1, "shuffle"), draw(1, "shuffle"));
        assert_ne!(draw(1, "shuffle"), draw(1, "explore"));
        assert_ne!(draw(1, "shuffle"), draw(2, "shuffle"));
    }
}
