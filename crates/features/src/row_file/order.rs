//! In which order an epoch reads a file, and where in it a run is.
//!
//! ```text
//! blocks  0 1 2 3 4 5 6      shuffled, then cut into windows of three:   [4 0 6] [2 5 1] [3]
//! rows    those of the blocks of a window are shuffled with each other; windows follow one another
//! ```
//!
//! The blocks' order and each window's are streams of their own of the epoch's seed, so a window's order is known
//! without the windows before it. With as many blocks as a window holds, or fewer, it is a full shuffle.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::header::Header;

/// How far an epoch is: all that is needed to go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochPosition {
    /// Decides the order of the rows; none for the order in which they are stored.
    pub seed: Option<u64>,
    /// Rows of the file.
    pub rows: u64,
    /// Rows per block of the file.
    pub block_rows: usize,
    /// Rows per batch, ≥ 1.
    pub batch_rows: usize,
    /// Blocks shuffled with each other, ≥ 1.
    pub window_blocks: usize,
    /// Batches that were already given out.
    pub batches_done: u64,
}

impl EpochPosition {
    /// The same epoch after so many batches: those that were *used*, where a
    /// [`Prefetch`](crate::Prefetch) has already read more.
    pub fn after(self, batches_done: u64) -> Self {
        Self { batches_done, ..self }
    }

    /// Number of batches of the whole epoch.
    pub fn batches(&self) -> u64 {
        self.rows.div_ceil(self.batch_rows as u64)
    }
}

/// The order of the blocks.
#[derive(Debug)]
pub(super) struct Order {
    seed: Option<u64>,
    blocks: Vec<usize>,
    window_blocks: usize,
}

impl Order {
    pub(super) fn new(position: &EpochPosition, blocks: usize) -> Self {
        let mut blocks: Vec<usize> = (0..blocks).collect();
        if let Some(seed) = position.seed {
            blocks.shuffle(&mut stream(seed, 0));
        }
        // Stored order needs no more than one block at a time.
        let window_blocks = if position.seed.is_some() { position.window_blocks } else { 1 };
        Self { seed: position.seed, blocks, window_blocks }
    }

    /// The blocks of a window; none behind the last one.
    pub(super) fn window(&self, window: usize) -> &[usize] {
        self.blocks.chunks(self.window_blocks).nth(window).unwrap_or_default()
    }

    /// The order of a window's rows, by their place among the rows of its blocks.
    pub(super) fn rows(&self, window: usize, rows: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..rows as u32).collect();
        if let Some(seed) = self.seed {
            order.shuffle(&mut stream(seed, 1 + window as u64));
        }
        order
    }

    /// The window that holds a row of the epoch, and its place in it.
    pub(super) fn find(&self, mut row: u64, header: &Header) -> (usize, usize) {
        for (window, blocks) in self.blocks.chunks(self.window_blocks).enumerate() {
            let rows: u64 = blocks.iter().map(|&block| header.rows_in(block) as u64).sum();
            if row < rows {
                return (window, row as usize);
            }
            row -= rows;
        }
        (self.blocks.len(), 0)
    }
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}
