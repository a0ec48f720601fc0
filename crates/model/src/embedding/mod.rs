//! `EmbeddingTables`: rows of learned tables, one lookup per categorical field, side by side with the dense values.
//!
//! ```text
//! ids [B, F]           tables, in the host's memory       x [B, Σ width of the fields + D]
//! item   17  ─────────► item   [rows, 16] ──┐
//! last    3  ─────────► item   [rows, 16] ──┼──►  [ item₁₇ | item₃ | colour₅ | dense ]   ──► one upload
//! colour  5  ─────────► colour [rows,  4] ──┘        16       16       4        D
//!
//! training: x is the leaf of the graph; its gradient comes back, is summed per row that was touched, and moves those rows
//! ```
//!
//! A step costs time in proportion to the batch, not to the table, on every device: the tables stay with the host, and what
//! travels is the batch's own rows. (burn's `nn::Embedding` has a gradient of the whole table.) Fields that name the same table
//! share its rows, so that what is learned of an item as shown is known of it as clicked.
//!
//! Initial values are U(-k, k) with k = 1/√width, so that a row's length is about 0.58 whatever the width; row 0,
//! "unknown or absent", is zero: a value never seen in training then adds nothing, instead of noise.
//!
//! Results do not depend on the number of threads: rows are gathered independently, and one thread at a time owns a table.

mod config;
mod sparse_gradient;
mod table;

pub use config::{EmbeddingConfig, HashConfig, Storage, TableConfig};
pub(crate) use sparse_gradient::SparseGradient;
pub(crate) use table::{Admission, Table, Weights, from_bf16, nearest_bf16};

use crate::optimizer::{OptimizerConfig, RowState, SparseOptimizer};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use slatewise_features::FeatureLayout;
use std::borrow::Cow;
use std::sync::Arc;

/// Rows of a batch below which threads cost more than they save.
const PARALLEL_ROWS: usize = 512;

/// The tables of a model and which field looks up which. A copy shares the tables until one of the two is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTables {
    pub(crate) table: Vec<Arc<Table>>,
    field: Vec<Field>,
    /// Lookups per row of a batch.
    lookups: usize,
    dense: usize,
    input: usize,
}

/// Where a field finds its rows and puts their sum.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Field {
    table: usize,
    /// First of its lookups, and how many.
    lookup: usize,
    functions: usize,
    /// First of its columns in x, and how many.
    column: usize,
    width: usize,
}

/// Lengths of a table's rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableNorms {
    /// Name of the table.
    pub table: String,
    /// Number of rows.
    pub rows: usize,
    /// Mean Euclidean norm of a row.
    pub mean: f64,
    /// Largest Euclidean norm of a row.
    pub largest: f64,
}

impl EmbeddingTables {
    /// Draws the tables of `layout`, in its order.
    pub fn new(layout: &FeatureLayout, config: &EmbeddingConfig, rng: &mut ChaCha8Rng) -> Self {
        let table: Vec<Arc<Table>> =
            layout.tables.iter().map(|table| Arc::new(Table::draw(table, &config.of(&table.name), rng))).collect();
        let (mut lookups, mut column) = (0, 0);
        let field = layout.fields.iter().map(|field| {
            let (functions, width) = (table[field.table].functions(), table[field.table].width);
            let field = Field { table: field.table, lookup: lookups, functions, column, width };
            (lookups, column) = (lookups + functions, column + width);
            field
        });
        let field = field.collect();
        Self { table, field, lookups, dense: layout.dense.len(), input: column + layout.dense.len() }
    }

    /// Values per row of the model's input: the fields' widths and the dense values.
    pub fn input(&self) -> usize {
        self.input
    }

    /// The rows of the tables that ids stand for.
    ///
    /// # Shapes
    /// - ids: `[B, F]`
    /// - output: `[B, lookups]`, the ids themselves where no table is hashed or gated
    pub(crate) fn rows_of<'a>(&self, ids: &'a [u32]) -> Cow<'a, [u32]> {
        if self.table.iter().all(|table| table.is_plain()) {
            return Cow::Borrowed(ids);
        }
        let fields = self.field.len().max(1);
        let mut rows = Vec::with_capacity(ids.len() / fields * self.lookups);
        for of_row in ids.chunks_exact(fields) {
            for (field, &id) in self.field.iter().zip(of_row) {
                self.table[field.table].push_rows(id, &mut rows);
            }
        }
        Cow::Owned(rows)
    }

    /// Counts the ids of a training batch towards their admission.
    pub(crate) fn meet(&mut self, ids: &[u32]) {
        let fields = self.field.len().max(1);
        for (column, field) in self.field.iter().enumerate() {
            if self.table[field.table].admission.is_none() {
                continue;
            }
            if let Some(admission) = &mut Arc::make_mut(&mut self.table[field.table]).admission {
                ids.iter().skip(column).step_by(fields).for_each(|&id| admission.meet(id));
            }
        }
    }

    /// The model's input on the host.
    ///
    /// # Shapes
    /// - rows: `[B, lookups]` as [`rows_of`](Self::rows_of) gives them; dense: `[B, D]`
    /// - output: `[B, input]`
    pub(crate) fn gather(&self, batch: usize, rows: &[u32], dense: &[f32]) -> Vec<f32> {
        let mut x = vec![0.0; batch * self.input];
        let fill = |(row, x): (usize, &mut [f32])| {
            let lookups = &rows[row * self.lookups..][..self.lookups];
            for field in &self.field {
                let (table, out) = (&self.table[field.table], &mut x[field.column..][..field.width]);
                table.copy_row(lookups[field.lookup], out);
                for &more in &lookups[field.lookup + 1..][..field.functions - 1] {
                    table.add_row(more, out);
                }
            }
            let first = self.input - self.dense;
            x[first..].copy_from_slice(&dense[row * self.dense..][..self.dense]);
        };
        if batch >= PARALLEL_ROWS {
            x.par_chunks_mut(self.input).with_min_len(PARALLEL_ROWS / 4).enumerate().for_each(fill);
        } else {
            x.chunks_mut(self.input).enumerate().for_each(fill);
        }
        x
    }

    /// Sums the gradient of x per table and row.
    ///
    /// # Shapes
    /// - rows: `[B, lookups]`; gradient: `[B, input]`
    pub(crate) fn collect(&self, rows: &[u32], gradient: &[f32], sums: &mut Vec<SparseGradient>) {
        sums.resize_with(self.table.len(), SparseGradient::default);
        let batch = gradient.len() / self.input.max(1);
        sums.par_iter_mut().enumerate().for_each(|(index, sum)| {
            let table = &self.table[index];
            let fields: Vec<Field> = self.field.iter().copied().filter(|field| field.table == index).collect();
            let lookups = batch * fields.iter().map(|field| field.functions).sum::<usize>();
            sum.start(table.rows, table.width, lookups);
            for field in fields {
                for row in 0..batch {
                    let of_row = &gradient[row * self.input + field.column..][..field.width];
                    for &place in &rows[row * self.lookups + field.lookup..][..field.functions] {
                        sum.add(place, of_row);
                    }
                }
            }
        });
    }

    /// One step of the optimiser on the rows whose gradients were summed.
    pub(crate) fn update(
        &mut self,
        sums: &mut [SparseGradient],
        state: &mut [RowState],
        optimizer: &SparseOptimizer,
        step: u64,
    ) {
        let tables = self.table.par_iter_mut().zip(sums).zip(state).enumerate();
        tables.for_each(|(index, ((table, sum), state))| {
            if !sum.unique.is_empty() {
                Arc::make_mut(table).update(sum, state, optimizer, table::mix(step ^ ((index as u64) << 48)));
            }
        });
    }

    /// Zero state for every table.
    pub(crate) fn fresh_state(&self, config: &OptimizerConfig) -> Vec<RowState> {
        self.table.iter().map(|table| RowState::new(config, table.rows, table.width)).collect()
    }

    /// Each table's name in a file, its shape, and its sum.
    pub(crate) fn named<'a>(
        &'a self,
        sums: &'a [SparseGradient],
    ) -> impl Iterator<Item = (String, (usize, usize), &'a SparseGradient)> {
        let tables = self.table.iter().zip(sums).enumerate();
        tables.map(|(index, (table, sum))| (format!("emb.table.{index}.weight"), (table.rows, table.width), sum))
    }

    /// How long the rows of each table are: rows that grow without bound are a sign of overfitting to rare values.
    pub fn norms(&self) -> Vec<TableNorms> {
        let norms = self.table.iter().map(|table| {
            let (mean, largest) = table.row_norms();
            TableNorms { table: table.name.clone(), rows: table.rows, mean, largest }
        });
        norms.collect()
    }
}

/// Sum of squares of all tables' gradients.
pub(crate) fn squares(sums: &[SparseGradient]) -> f64 {
    sums.iter().map(SparseGradient::squares).sum()
}

impl Table {
    fn update(&mut self, sum: &mut SparseGradient, state: &mut RowState, optimizer: &SparseOptimizer, draw: u64) {
        let width = self.width;
        let gradients = sum.sum.chunks_exact_mut(width.max(1));
        match &mut self.weights {
            Weights::F32(weights) => {
                for (&row, gradient) in sum.unique.iter().zip(gradients) {
                    let row = row as usize;
                    let state = &mut state.values[row * state.per_row..][..state.per_row];
                    optimizer.update(&mut weights[row * width..][..width], gradient, state);
                }
            }
            Weights::Bf16(weights) => {
                let mut full = vec![0.0; width];
                for (&row, gradient) in sum.unique.iter().zip(gradients) {
                    let row = row as usize;
                    let stored = &mut weights[row * width..][..width];
                    full.iter_mut().zip(&*stored).for_each(|(full, &stored)| *full = from_bf16(stored));
                    let state = &mut state.values[row * state.per_row..][..state.per_row];
                    optimizer.update(&mut full, gradient, state);
                    for (column, (stored, &full)) in stored.iter_mut().zip(&full).enumerate() {
                        *stored = table::random_bf16(full, table::mix(draw ^ (row * width + column) as u64) as u16);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
