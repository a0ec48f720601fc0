//! Agents that choose the next page of a shop: by weights over a multi-task model's scores, fixed or learned, or by the page's items.
//!
//! ```text
//! UserModel ─▶ PageScores: P(task | session, page) ─▶ FusedPages    argmax_a Σ_k w_k P_k, by declared weights
//!                                                  ├▶ FusedSessions, GridPages   Q-learning chooses the weights on a grid
//!                                                  └▶ CriticPages   an actor chooses them, a critic per term of the reward (RMTL)
//!           └▶ PageSlateQ: a page is a slate whose items have values of their own (SlateQ)
//! ```
//!
//! | action space | agents |
//! |---|---|
//! | page | Q-learning, SARSA, DQN: any [`Learner`](crate::Learner) over the pages of a [`SessionSimulator`](crate::simulator::SessionSimulator) |
//! | fusion weights | `GridPages` over the Q-values of `FusedSessions`, `CriticPages` |
//! | slate | `PageSlateQ` |
//!
//! [`feed_agents`](crate::feed_agents) are their like where slates are put together item by item.

mod critic_pages;
mod fused_sessions;
mod page_scores;
mod page_slate_q;

pub use critic_pages::{ActorPages, CriticPages, PAGE_TERMS};
pub use fused_sessions::{FusedSessions, GridPages};
pub use page_scores::{FusedPages, PAGE_TASKS, PageScores};
pub use page_slate_q::{PageSlateQ, PageState};
