//! Files of unknown origin, taken apart into rows of cells.

mod block;

pub use self::block::{Place, RawBlock, RawColumn, RejectedRow, Span};
