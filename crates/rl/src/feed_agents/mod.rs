//! Agents on the feed: from one multi-task model of responses to slates, by fixed weights or by what was learned.
//!
//! ```text
//! FeedLog ─learned─▶ ResponseScores: P(task | state, item)
//!                       ├─▶ FixedFusion     rank by Σ w_k P_k                       greedy by one task, or by declared worth
//!                       ├─▶ FusionQ         Q-learning chooses the weights           tabular, over a grid of weights
//!                       ├─▶ FusionCritics   an actor chooses them, a critic per task RMTL
//!                       ├─▶ SurfaceQ        Q-learning chooses each slot's surface   product, content, ad
//!                       └─▶ ChosenSlates    SlateQ, whose choice model it is
//!           ItemQ: DQN over items by their features, the best n fill the slate
//! ```
//!
//! Each is a [`FeedAgent`]; [`learn`] lets it meet simulated visitors, [`Greedy`] judges it. Which reward they learn for is said by a
//! [`FeedReward`](crate::feed::FeedReward), outside.
//!
//! | action space | agents |
//! |---|---|
//! | item or slate | `ItemQ`, `ChosenSlates` |
//! | fusion weights | `FusionQ`, `FusionCritics` |
//! | surface of each slot | `SurfaceQ` |

mod agent;
mod baselines;
mod chosen_slates;
mod encoding;
mod fusion_critics;
mod fusion_q;
mod item_q;
mod response_scores;
mod surface_q;

pub use agent::{AgentReward, FeedAgent, FixedFusion, Greedy, learn};
pub use baselines::MarkovSlates;
pub use chosen_slates::ChosenSlates;
pub use encoding::{FeedCells, FeedEncoding};
pub use fusion_critics::FusionCritics;
pub use fusion_q::FusionQ;
pub use item_q::ItemQ;
pub use response_scores::{ResponseScores, ResponseScoresConfig};
pub use surface_q::SurfaceQ;
