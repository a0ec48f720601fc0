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
use crate::log::read::RawBlock;

/// Where blocks come from.
pub(super) trait Source: Send {
    /// What can be taken apart on any thread.
    type Chunk: Send;

    /// The next chunk, in the order of the files.
    fn next(&mut self) -> Result<Option<Self::Chunk>, LogError>;
    /// Takes a chunk apart.
    fn parse(chunk: Self::Chunk) -> RawBlock;
}

/// Types all blocks of a source; `begun` is told the plan once it is settled, `take` gets the blocks in order.
pub(super) fn run<S: Source>(
    source: &mut S,
    mut plan: Plan,
    protection: &Protection,
    seed: u64,
    begun: impl FnOnce(&Plan) -> Result<(), LogError>,
    mut take: impl FnMut(TypedBlock) -> Result<(), LogError>,
) -> Result<Plan, LogError> {
    let first = first_blocks(source)?;
    settle(&mut plan, &first)?;
    begun(&plan)?;
    let schema = arrow_schema(&plan);
    let work = |block: RawBlock| {
        type_block(&plan, &schema, protection, seed, block)
            .map_err(|error| LogError::Engine { what: "typing a block of rows".to_owned(), source: Box::new(error.into()) })
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
    let mut lot = read(source, ahead)?;
    while !lot.is_empty() {
        let (next, typed) = rayon::join(
            || read(source, ahead),
            || lot.into_par_iter().map(|chunk| work(S::parse(chunk))).collect::<Vec<_>>(),
        );
        typed.into_iter().try_for_each(|block| take(block?))?;
        lot = next?;
    }
    Ok(plan)
}

/// Blocks that hold the rows that settle types, or all there are.
fn first_blocks<S: Source>(source: &mut S) -> Result<Vec<RawBlock>, LogError> {
    let (mut blocks, mut rows) = (Vec::new(), 0);
    while rows < FIRST_ROWS
        && let Some(chunk) = source.next()?
    {
        let block = S::parse(chunk);
        rows += block.rows;
        blocks.push(block);
    }
    Ok(blocks)
}

fn read<S: Source>(source: &mut S, chunks: usize) -> Result<Vec<S::Chunk>, LogError> {
    std::iter::from_fn(|| source.next().transpose()).take(chunks).collect()
}
