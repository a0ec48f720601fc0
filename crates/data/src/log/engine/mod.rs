//! (under way)

mod clean;
mod derive;
mod joins;
mod judge;
mod order;
mod parquet_out;
mod profile;
mod rows;
mod session;
mod split;
mod sql;
mod temporary;

pub use self::clean::CleanInput;
pub use self::derive::{By, DeriveSpec, HistorySpec, RecencySpec, WindowSpec, functions, live};
pub use self::joins::TypedTable;
pub use self::profile::{ColumnProfile, KAnonymity};
pub use self::session::{Engine, EngineConfig};
pub use self::split::{Part, Parts, PartsKind, PartsOrder, PartsSpec, share_function};
