//! The user simulator: a visitor fitted from logged sessions, who answers listings with clicks or by leaving.
//!
//! ```text
//! log ──counted──▶ ResponseTables ──+ patience──▶ UserModel ──+ start states──▶ SessionSimulator : Environment
//! model ─learned─▶       │
//!                        └──fidelity──▶ how likely held-out sessions are under it, against baselines
//! ```
//!
//! | file | content |
//! |---|---|
//! | `tables.rs` | `ResponseTables`: continuation, next listing, choice within a listing, per (last item, depth) |
//! | `counted.rs` | fitted by counting with back-off, and the baselines (uniform, popularity, first-order Markov) |
//! | `learned.rs` | read off a response model |
//! | `user.rs` | `UserModel`: tables and the declared patience with what is shown |
//! | `environment.rs` | `SessionSimulator` |
//! | `fidelity.rs` | `FidelityReport` |

mod config;
mod counted;
mod environment;
mod fidelity;
mod learned;
mod tables;
mod user;

pub use config::SimulatorConfig;
pub use counted::{BackOff, count_responses};
pub use environment::SessionSimulator;
pub use fidelity::{
    FidelityReport, LengthSummary, Likelihood, select_concentration, session_lengths, simulated_session_lengths,
};
pub use learned::{ResponseModel, ResponsePrediction, tabulate_responses};
pub use tables::{ResponseTables, Situation};
pub use user::UserModel;
