//! Catalogue metrics: what do the recommendations do to the shop as a whole?
//!
//! | question | metric | file |
//! |---|---|---|
//! | how much of the catalogue is ever shown? | [`coverage`] | `coverage.rs` |
//! | how unevenly? | [`gini`], [`shannon_entropy`] | `gini.rs`, `entropy.rs` |
//! | is it what everybody knows already? | [`average_popularity`], [`novelty`] | `popularity.rs`, `novelty.rs` |
//! | do the items of a list differ? | [`intra_list_diversity`], [`diversity_gain`] | `diversity.rs`, `item_distance.rs` |
//! | all of it, for one set of lists | [`CatalogueSummary`] | `summary.rs` |
//!
//! The first three rows are functions of the **exposure**: how often each catalogue item was recommended ([`exposure`]), items that
//! never were included as zeros.

mod coverage;
mod diversity;
mod entropy;
mod exposure;
mod gini;
mod item_distance;
mod novelty;
mod popularity;
mod summary;

pub use coverage::coverage;
pub use diversity::{diversity_gain, intra_list_diversity};
pub use entropy::shannon_entropy;
pub use exposure::exposure;
pub use gini::gini;
pub use item_distance::ItemDistance;
pub use novelty::novelty;
pub use popularity::average_popularity;
pub use summary::CatalogueSummary;
