//! Text as it stands in the file: ids, categories, anything.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::error::ArrowError;

use super::block::State;
use super::cell::{Fault, TextCells, has_invisible};
use super::plan::Form;
use super::privacy::{Pseudonym, cut};
use super::values::{Column, Nulls, domain};
use crate::log::schema::ColumnPrivacy;

/// Longest text kept, in bytes: what is longer is no category and no id.
const LONGEST: usize = 1 << 16;

/// A column of text.
///
/// # Errors
/// The block's text of this column is beyond 2 GiB.
pub(super) fn text_values(
    state: &mut State<'_>,
    column: &Column<'_>,
    cells: TextCells<'_>,
) -> Result<ArrayRef, ArrowError> {
    let allowed = match &column.plan.form {
        Form::Text(values) => domain(values),
        _ => domain(&[]),
    };
    let (ascii, valid) = (cells.quality.ascii, cells.quality.utf8);
    let mut values: Vec<u8> = Vec::with_capacity(8 * column.rows);
    let mut offsets: Vec<i32> = Vec::with_capacity(column.rows + 1);
    let (mut nulls, mut trimmed, mut invisible) = (Nulls::default(), 0, 0);
    offsets.push(0);
    for row in 0..column.rows {
        match cells.get(row, &mut trimmed) {
            None => {
                column.missing(state, row);
                nulls.push(row);
            }
            Some(cell) if cell.len() > LONGEST => {
                let message = "longer than 65536 bytes; leave the column out (privacy = \"drop\") to keep the row";
                state.fail(row, column.number, Fault::new("text_too_long", message));
            }
            Some(cell) if !valid && std::str::from_utf8(cell).is_err() => {
                state.fail(row, column.number, Fault::new("invalid_utf8", "bytes that are not UTF-8"));
            }
            Some(cell) if !allowed.is_empty() && !allowed.contains(cell) => {
                state.fail(row, column.number, Fault::new("not_in_domain", "not one of the declared values"));
            }
            Some(cell) => {
                invisible += u64::from(!ascii && has_invisible(cell));
                state.hashes.text(row, cell);
                match column.plan.privacy {
                    None => values.extend_from_slice(cell),
                    Some(privacy) => values.extend_from_slice(&protect(state, privacy, cell)),
                }
            }
        }
        offsets.push(i32::try_from(values.len()).map_err(|_| ArrowError::OffsetOverflowError(values.len()))?);
    }
    state.repair(&column.plan.source, "space_trimmed", trimmed);
    state.repair(&column.plan.source, "invisible_characters_kept", invisible);
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(values), nulls.finish(column.rows))?))
}

/// What stands in the column instead.
fn protect(state: &mut State<'_>, privacy: ColumnPrivacy, cell: &[u8]) -> Vec<u8> {
    match privacy {
        ColumnPrivacy::Generalise(characters) => cut(cell, characters as usize).to_vec(),
        ColumnPrivacy::Pseudonymise => {
            let pseudonym: Option<Pseudonym> = state.protection.pseudonym(cell, &mut state.memory);
            pseudonym.map_or_else(Vec::new, |pseudonym| pseudonym.to_vec())
        }
        // Neither reaches a column of text: the one is not read, the other refused by the schema's check.
        ColumnPrivacy::Drop | ColumnPrivacy::Noise(_) => Vec::new(),
    }
}
