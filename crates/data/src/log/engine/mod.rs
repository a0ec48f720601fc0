//! Plans over typed rows: cleaning, joins, histories, windows and parts, as SQL on DataFusion, in bounded memory.
//!
//! ```text
//! typed.parquet ──clean──▶ clean.parquet ──derive──▶ derived.parquet ──split──▶ train | validation | test .parquet
//!      _row _file _line _hash_a _hash_b    │ + side tables      │ + the past of user, item, …
//!      in the order of reading             │ by (time, _row)    │ by (time, _row)           each by (time, _row)
//!                                          └──▶ quarantine, counts        profile, k_anonymity, duplicates_across look at any
//! ```
//!
//! 1. [`Engine::clean`] takes away what cannot be, contradicts or repeats, joins side tables, and sorts by time.
//! 2. [`Engine::derive`] adds what a row's past holds: a [`DeriveSpec`] declares histories, windows and recencies; [`live`]
//!    computes the same values for one request.
//! 3. [`Engine::split`] divides by time or at random, as a [`PartsSpec`] says, and counts rows of the future in train.
//! 4. [`Engine::profile`], [`Engine::k_anonymity`] and [`Engine::duplicates_across`] look at what came out.
//!
//! The same rows give the same files, byte for byte, whatever the threads and the memory. Rows without a time stand first.
//!
//! # What a plan costs
//! Wide rows are read and written once per step and sorted only if they do not stand in order; verdicts and pasts are found on
//! a few narrow columns and laid beside the rows. The page `docs/decisions/0012-data-engine.md` has the reasons and numbers.
//!
//! # Without a plan
//! Where the memory holds what must be remembered, typed rows in order pass by twice and no plan touches them: once to be judged,
//! once to be joined, derived from and divided ([`Engine::clean_rows`], [`Engine::divide_rows`]). For an encoder of the same process
//! the parts then hold texts as codes and nothing that it does not ask for ([`Written::only`]). Plans are the road for all else, and
//! give the same rows.
//!
//! # On a cluster
//! Plans are plain SQL but for [`functions`], three window functions that a cluster's executors must register under the same
//! names. No nested functions and no expression packs are used.

mod clean;
mod clean_rows;
mod derive;
mod joins;
mod judge;
mod lookup;
mod numbered;
mod once;
mod order;
mod parquet_out;
mod pool;
mod profile;
mod repeats;
mod rows;
mod session;
mod split;
mod sql;
mod temporary;

pub use self::clean::CleanInput;
pub use self::clean_rows::CleanRows;
pub use self::derive::{By, DeriveSpec, HistorySpec, RecencySpec, WindowSpec, functions, live};
pub use self::joins::TypedTable;
pub use self::profile::{ColumnProfile, KAnonymity};
pub use self::session::{Engine, EngineConfig};
pub use self::split::{Part, Parts, PartsKind, PartsOrder, PartsSpec, Written};
