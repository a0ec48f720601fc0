//! From stored bytes to rows of cells: unpacking, lines, quotes.

mod csv_lines;
mod unpack;

pub(crate) use csv_lines::{Cells, CsvLines, Line};
pub(crate) use unpack::unpack;
