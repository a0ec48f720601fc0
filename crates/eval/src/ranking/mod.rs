//! Ranking metrics: how high do the right items stand?
//!
//! Two shapes of the question:
//!
//! - **one right item** among scored candidates (next-item prediction): [`TargetRank`], gathered over sessions by [`NextItemEvaluation`];
//! - **several, possibly graded** (a list judged by relevance): [`RankedList`].
//!
//! # Ties
//!
//! Scores that are equal have no order, so every metric here is its **expected value over all orders of the tied items** (McSherry &
//! Najork, "Computing information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008). Hence
//! no metric depends on the order of rows or item ids, a constant score earns exactly what a random order earns, and neither an
//! optimistic rank (which a model could win by saying nothing) nor a pessimistic one (which punishes a transition table for its
//! zeros beyond what they deserve) enters. Without ties all conventions agree.

mod next_item;
mod ranked_list;
mod target_rank;

pub use next_item::{NextItemEvaluation, NextItemSummary, NextItemValues};
pub use ranked_list::RankedList;
pub use target_rank::TargetRank;
