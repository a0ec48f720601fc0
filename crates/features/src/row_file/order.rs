//! In which order an epoch reads a file, and where in it a run is.
//!
//! ```text
//! blocks  0 1 2 3 4 5 6      shuffled, then cut into windows of three:   [4 0 6] [2 5 1] [3]
//! rows    those of the blocks of a window are shuffled with each other; windows follow one another
//! slates  likewise, each as a whole; of a row with rate r, one epoch in 1/r draws it
//! ```
//!
//! The blocks' order and each window's are streams of their own of the epoch's seed, so a window's order is known
//! without the windows before it. With as many blocks as a window holds, or fewer, it is a full shuffle.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
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
    /// The window that the next batch begins in.
    pub window: usize,
    /// Rows of it that were already given out.
    pub window_row: usize,
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

    /// Whether rows are shuffled and drawn; else they come as they are stored, all of them.
    pub(super) fn is_drawn(&self) -> bool {
        self.seed.is_some()
    }

    /// The rows that an epoch gives of a window, in their order. `units` are the rows that stay together, `rate` is with
    /// which probability a row is drawn.
    pub(super) fn rows(&self, window: usize, mut units: Vec<Range<u32>>, rate: impl Fn(u32) -> f32) -> Vec<u32> {
        let Some(seed) = self.seed else { return units.into_iter().flatten().collect() };
        let mut rng = stream(seed, 1 + window as u64);
        units.shuffle(&mut rng);
        let mut draw = |row: &u32| {
            let rate = rate(*row);
            rate >= 1.0 || rng.random::<f64>() < f64::from(rate)
        };
        units.into_iter().flatten().filter(|row| draw(row)).collect()
    }

    /// Number of windows.
    pub(super) fn windows(&self) -> usize {
        self.blocks.len().div_ceil(self.window_blocks)
    }

    /// Rows of the windows from one on.
    pub(super) fn rows_from(&self, window: usize, header: &Header) -> u64 {
        let blocks = self.blocks.iter().skip(window * self.window_blocks);
        blocks.map(|&block| header.rows_in(block) as u64).sum()
    }
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}
