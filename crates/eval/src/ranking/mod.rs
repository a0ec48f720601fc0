//! Ranking metrics: how high do the right items stand?
//!
//! Two shapes of the question:
//!
//! - **one right item** among scored candidates (next-item prediction): [`TargetRank`], gathered over sessions by
//!   [`NextItemEvaluation`];
//! - **several, possibly graded** (a list judged by relevance): [`RankedList`], gathered over users by [`JudgedRun`].
//!
//! # Ties
//!
//! Scores that are equal have no order, so every metric here is its **expected value over all orders of the tied
//! items** (McSherry & Najork, "Computing information retrieval performance measures efficiently in the presence of
//! tied scores", ECIR 2008): [`Ties::Expected`]. Hence no metric depends on the order of rows or item ids, a constant
//! score earns exactly what a random order earns, and neither an optimistic rank (which a model could win by saying
//! nothing) nor a pessimistic one (which punishes a transition table for its zeros beyond what they deserve) enters.
//! Without ties all conventions agree.
//!
//! For comparison with trec_eval, judged lists can be ordered as it does, [`Ties::ItemIdDescending`]: equal scores by
//! item id, descending byte by byte. That does not depend on the order of rows either, but on how items are called.
//! (trec_eval holds scores in single precision, so that scores which differ beyond seven digits tie there and not
//! here.)
//!
//! # Who is averaged
//!
//! A [`JudgedRun`] joins lists with judgements. Its users are those of the **judgements**, as in `trec_eval -c`:
//!
//! | a user with | "skip" | "zero" |
//! |---|---|---|
//! | relevant items and a list | counts | counts |
//! | relevant items, but no list in the run | counts 0 | counts 0 |
//! | judgements, none of them relevant | left out | counts 0 |
//! | a list, but no judgements at all | left out | left out |
//!
//! Every kind is counted in [`RankingSummary`]; plain trec_eval leaves out the second kind, so that a run can gain by
//! staying silent.

mod judged_run;
mod list_metrics;
mod next_item;
mod ranked_list;
mod ranking_summary;
mod target_rank;
mod ties;

pub use judged_run::{JudgedRun, JudgedUser, Judgements, Run};
pub use next_item::{NextItemEvaluation, NextItemSummary, NextItemValues};
pub use ranked_list::RankedList;
pub use ranking_summary::{RankingSummary, RankingValues};
pub use target_rank::TargetRank;
pub use ties::Ties;
