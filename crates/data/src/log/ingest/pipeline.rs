//! Chunks in, typed blocks out: read ahead, type in parallel, take in order.
//!
//! ```text
//! next chunk ─┐ while the last lot is typed         ┌─▶ type ─┐
//! next chunk ─┼──────────────── 2 × threads ────────┼─▶ type ─┼──▶ taken one after the other, as in the files
//! next chunk ─┘                                     └─▶ type ─┘
//! ```
//!
//! Neither what a block holds nor the order in which blocks are taken depends on the number of threads.

use rayon::prelude::*;

use super::block::{TypedBlock, arrow_schema, type_block};
use super::plan::Plan;
use super::privacy::Protection;
use super::settle::{FIRST_ROWS, settle};
use crate::log::error::LogError;
use crate::log::read::{LogReader, RawBlock, RawChunk};

/// Types all blocks of a reader; `begun` is told the plan once it is settled, `take` gets the blocks in order.
pub(super) fn run<E: From<LogError>>(
    reader: &mut LogReader,
    mut plan: Plan,
    protection: &Protection,
    seed: u64,
    begun: impl FnOnce(&Plan) -> Result<(), LogError>,
    mut take: impl FnMut(TypedBlock) -> Result<(), E>,
) -> Result<Plan, E> {
    let first = first_blocks(reader)?;
    settle(&mut plan, &first)?;
    begun(&plan)?;
    let schema = arrow_schema(&plan);
    let work = |block: RawBlock| {
        type_block(&plan, &schema, protection, seed, block).map_err(|error| LogError::Engine {
            what: "typing a block of rows".to_owned(),
            source: Box::new(error.into()),
        })
    };
    let ahead = 2 * rayon::current_num_threads();
    // The first blocks are typed in lots too: the rows that settle a type may be many blocks of wide rows.
    let mut first = first.into_iter();
    loop {
        let lot: Vec<RawBlock> = first.by_ref().take(ahead).collect();
        if lot.is_empty() {
            break;
        }
        let typed: Vec<_> = lot.into_par_iter().map(work).collect();
        typed.into_iter().try_for_each(|block| take(block?))?;
    }
    let parser = reader.parser();
    let mut lot = read(reader, ahead)?;
    while !lot.is_empty() {
        let (next, typed) = rayon::join(
            || read(reader, ahead),
            || lot.into_par_iter().map(|chunk| work(parser.parse(chunk))).collect::<Vec<_>>(),
        );
        typed.into_iter().try_for_each(|block| take(block?))?;
        lot = next?;
    }
    Ok(plan)
}

/// Blocks that hold the rows that settle types, or all there are.
fn first_blocks(reader: &mut LogReader) -> Result<Vec<RawBlock>, LogError> {
    let (mut blocks, mut rows) = (Vec::new(), 0);
    while rows < FIRST_ROWS
        && let Some(chunk) = reader.next_chunk()?
    {
        let block = reader.parse(chunk);
        rows += block.rows;
        blocks.push(block);
    }
    Ok(blocks)
}

fn read(reader: &mut LogReader, chunks: usize) -> Result<Vec<RawChunk>, LogError> {
    std::iter::from_fn(|| reader.next_chunk().transpose()).take(chunks).collect()
}
