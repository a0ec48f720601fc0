//! Small catalogues and worlds for the tests of this module.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::items::FeedItems;
use super::planted::PlantedWorld;
use super::planted_spec::PlantedSpec;

/// Items of topics 0, 0, 1, 1 on the surfaces product, content, product, ad.
pub(super) fn two_topics() -> FeedItems {
    FeedItems {
        features: vec![0.0, 1.0, 2.0, 3.0],
        width: 1,
        feature_names: vec!["number".to_owned()],
        topic: vec![0, 0, 1, 1],
        topics: 2,
        surface: vec![0, 1, 0, 2],
        surfaces: ["product", "content", "ad"].map(str::to_owned).to_vec(),
    }
}

/// A world drawn from a seed.
pub(super) fn world(spec: PlantedSpec, seed: u64) -> PlantedWorld {
    PlantedWorld::new(spec, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
}
