//! Catalogue metrics: what do the recommendations do to the shop as a whole?
//!
//! | question | metric | file |
//! |---|---|---|
//! | how much of the catalogue is ever shown? | [`coverage`] | `coverage.rs` |
//! | how unevenly? | [`gini`], [`shannon_entropy`], [`shannon_entropy_nats`] | `gini.rs`, `entropy.rs` |
//! | is it what everybody knows already? | [`average_popularity`], [`tail_share`] | `popularity.rs`, `tail.rs` |
//! | how much of a surprise is an item? | [`novelty`], [`novelty_by_users`] | `novelty.rs` |
//! | is it right where a bestseller list is not? | [`serendipity`] | `serendipity.rs` |
//! | do the items of a list differ? | [`mean_intra_list_diversity`], [`intra_list_diversity`] | `diversity.rs` |
//! | … and one more item from the last ones? | [`diversity_gain`] | `diversity.rs` |
//! | how far are two items apart? | [`Distance`]: [`ItemDistance`], [`CosineDistance`] | `*distance.rs` |
//! | does a list mix categories as its user does? | [`CategoryCalibration`] | `category_calibration.rs` |
//! | exposure, novelty and diversity in one call | [`CatalogueSummary`] | `summary.rs` |
//!
//! The first four rows are functions of the **exposure**: how often each catalogue item was recommended
//! ([`exposure`]), items that never were included as zeros. Lists shorter than k count with the places they have; every
//! mean is over recommended places, except diversity (over lists) and calibration (over users).

mod category_calibration;
mod cosine_distance;
mod coverage;
mod distance;
mod diversity;
mod entropy;
mod exposure;
mod gini;
mod item_distance;
mod novelty;
mod popularity;
mod serendipity;
mod summary;
mod tail;

pub use category_calibration::{
    CALIBRATION_SMOOTHING, CategoryCalibration, ItemCategories, calibration_kl, hellinger_distance,
};
pub use cosine_distance::CosineDistance;
pub use coverage::coverage;
pub use distance::Distance;
pub use diversity::{diversity_gain, intra_list_diversity, mean_intra_list_diversity};
pub use entropy::{shannon_entropy, shannon_entropy_nats};
pub use exposure::exposure;
pub use gini::gini;
pub use item_distance::ItemDistance;
pub use novelty::{novelty, novelty_by_users};
pub use popularity::average_popularity;
pub use serendipity::{most_popular, serendipity};
pub use summary::CatalogueSummary;
pub use tail::{Tail, tail_share};
