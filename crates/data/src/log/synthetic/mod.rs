//! Synthetic logs: any size, planted signal, known propensities, and dirt that is counted.
//!
//! ```text
//! SyntheticSpec + seed ──▶ events.parquet   user item session time surface device position propensity price category click cart purchase
//!                          users.parquet    user segment age region
//!                          items.parquet    item brand rating list_price [content]
//!                          truth.parquet    _true_click _true_cart _true_purchase, row by row as in events: never train on it
//!                          truth.json       spec, seed, planted coefficients, best possible AUC and log loss
//! ```
//!
//! 1. Users and items are drawn first (`world.rs`); they fit in memory and do not depend on the number of rows.
//! 2. A policy that knows the user's segment, tastes and popularity chooses the slates (`policy.rs`); its propensities are exact.
//! 3. Users look at places, click, put into the cart and buy (`response.rs`), by logistic truths with planted weights.
//! 4. Blocks of about 131,072 rows (`rows.rs`) are drawn and packed in parallel, each by its own random stream, and written in
//!    order: the bytes depend on spec and seed alone, not on the threads. Memory is bounded by a block per thread.
//!
//! `segment` is written down because the policy acts on it: given the columns of the log, nothing hidden decides what is shown.
//! Tastes, quality and sensitivity are hidden; category, brand, rating, age and content tell some of them.
//!
//! ```
//! use slatewise_data::log::synthetic::{SyntheticSpec, generate};
//!
//! let folder = tempfile::tempdir()?;
//! let spec = SyntheticSpec { rows: 4000, users: 100, items: 50, segments: 3, ..SyntheticSpec::default() };
//! let summary = generate(&spec, 7, folder.path())?;
//! assert_eq!((summary.rows, summary.slates), (4000, 500));
//! assert!(summary.truth.best["click"].auc > 0.6);
//! assert_eq!(spec.schema(folder.path()).propensity.as_deref(), Some("propensity"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alias;
mod columns;
mod dirt;
mod mapping;
mod optimum;
mod policy;
mod response;
mod rows;
mod spec;
#[cfg(test)]
mod tests;
mod world;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::dirt::DirtCounts;
pub use self::optimum::BestPossible;
pub use self::response::Coefficients;
use self::response::{TASKS, planted};
pub use self::spec::{ContentSpec, Dirt, PolicySpec, ResponseSpec, SyntheticSpec, TasteSpec};
use self::world::{Stream, World, stream};
use crate::artefact;
use crate::log::error::LogError;

/// File of the events.
pub const EVENTS: &str = "events.parquet";
/// File of the users.
pub const USERS: &str = "users.parquet";
/// File of the items.
pub const ITEMS: &str = "items.parquet";
/// File of the true probabilities, row by row.
pub const TRUTH_ROWS: &str = "truth.parquet";
/// File of what was planted.
pub const TRUTH: &str = "truth.json";
/// Slates from which the intercepts are found.
const PILOT_SLATES: u64 = 20_000;

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows in `events.parquet`, duplicates included.
    pub rows: u64,
    /// Slates.
    pub slates: u64,
    /// Sessions.
    pub sessions: u64,
    /// What was broken on purpose.
    pub dirt: DirtCounts,
    /// What was planted, as in `truth.json`.
    pub truth: Truth,
}

/// What was planted, and the best that can be made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The spec, as given.
    pub spec: SyntheticSpec,
    /// The seed.
    pub seed: u64,
    /// Per task its planted weights; cart is given a click, purchase given a cart.
    pub coefficients: BTreeMap<String, Coefficients>,
    /// Per task what the true probabilities reach over all rows; dirt does not count.
    pub best: BTreeMap<String, BestPossible>,
}

/// Writes a log of `spec` into an existing folder; the same spec and seed give the same bytes.
///
/// # Errors
/// [`LogError::Config`] for a key out of range, [`LogError::Io`] if the folder cannot be written.
pub fn generate(spec: &SyntheticSpec, seed: u64, folder: impl AsRef<Path>) -> Result<Summary, LogError> {
    let folder = folder.as_ref();
    spec.check()?;
    let world = World::new(spec, seed);
    let pilot = rows::pilot(spec, &world, PILOT_SLATES, &mut stream(seed, Stream::Pilot));
    let tasks = planted(spec, &pilot)?;
    drop(pilot);
    write::users(&world, folder)?;
    write::items(&world, spec.content, &mut stream(seed, Stream::Content), folder)?;
    let totals = write::events(spec, seed, (&world, &tasks), folder)?;
    let named = |index: usize| TASKS[index].to_owned();
    let truth = Truth {
        spec: spec.clone(),
        seed,
        coefficients: tasks.iter().enumerate().map(|(index, &task)| (named(index), task)).collect(),
        best: totals.optimum.iter().enumerate().map(|(index, sums)| (named(index), sums.best())).collect(),
    };
    let path = folder.join(TRUTH);
    let json = serde_json::to_vec_pretty(&truth).map_err(|error| write::failed(&path, std::io::Error::other(error)))?;
    artefact::write_atomic(&path, &json)?;
    Ok(Summary {
        rows: spec.rows + totals.dirt.duplicates,
        slates: rows::slates(spec),
        sessions: totals.sessions,
        dirt: totals.dirt,
        truth,
    })
}
