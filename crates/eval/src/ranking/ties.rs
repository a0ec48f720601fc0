//! `Ties`: what becomes of items with the same score.

/// What becomes of items with the same score. Neither choice depends on the order of rows; see the module's
/// documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Every metric is its expected value over the orders of the tied items.
    #[default]
    Expected,
    /// Tied items are ordered by id, descending, as trec_eval does.
    ItemIdDescending,
}
