//! Any log, by a mapping: from files of unknown origin to clean typed rows, their histories and their parts. Cargo feature `engine`.
//!
//! ```text
//! files ──read──▶ RawBlock ──ingest──▶ typed rows (Parquet) ──engine──▶ clean rows ──engine──▶ derived columns ──engine──▶ train | validation | test
//!                    │ cut or ragged      │ wrong value            │ duplicate, impossible
//!                    └────────────────────┴────────────────────────┴──▶ quarantine.csv          every row read is counted once
//! ```
//!
//! 1. **Declare.** A [`Schema`] maps columns to roles, types and rules; [`infer`] proposes one by looking.
//! 2. **Read.** [`read`] takes CSV, JSON lines and Parquet apart, packed or not, one file or many, in bounded memory.
//! 3. **Type.** [`ingest`] turns cells into typed columns, sets aside what breaks a rule, pseudonymises ids, and writes Parquet.
//! 4. **Plan.** [`engine`] deduplicates, joins, derives histories and windows, and splits: SQL on DataFusion, with spill.
//! 5. **Simulate.** [`synthetic`] writes logs whose truth is known.

mod counts;
pub mod engine;
mod error;
pub mod infer;
pub mod ingest;
mod quarantine;
pub mod read;
pub mod schema;
pub mod synthetic;

pub use counts::{Counts, RepairKind};
pub use error::LogError;
pub use quarantine::{QuarantineWriter, SetAside};
pub use schema::Schema;
