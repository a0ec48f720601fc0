//! `Transition` and `Trajectory`: what a learner learns from.
//!
//! ```text
//! observation ──action──▶ reward, discount, next_observation ──next_action──▶ ...
//!    s_{t-1}     a_{t-1}    r_t     d_t           s_t             a_t
//! ```
//!
//! The fields are acme's (Hoffman et al. 2020), with `next_action` for on-policy learners. `discount` is the environment's:
//! 0 where the episode terminates, else 1; the learner multiplies it by its γ.

use serde::{Deserialize, Serialize};

/// One step of experience over observations of type `S`: a table index, a row of numbers, a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition<S> {
    /// s_{t-1}.
    pub observation: S,
    /// a_{t-1}.
    pub action: usize,
    /// r_t.
    pub reward: f64,
    /// In [0, 1]; 0 where nothing follows.
    pub discount: f64,
    /// s_t.
    pub next_observation: S,
    /// a_t, where one was taken (or, at a truncation, would have been).
    pub next_action: Option<usize>,
}

/// The transitions of one episode, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trajectory<S> {
    /// From the first action to the last.
    pub transitions: Vec<Transition<S>>,
}
