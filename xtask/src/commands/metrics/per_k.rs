//! What metrics at several k share: the check of `--k`, and the table of a page.

use anyhow::{Result, bail};
use slatewise_eval::report::{Cell, Column, NumberFormat, Table};

use crate::flat::Flat;

/// The numbers of leading places, ascending, each once.
///
/// # Errors
/// None at all, or a 0 among them.
pub(super) fn ascending(k: &[usize]) -> Result<Vec<usize>> {
    let mut cutoffs = k.to_vec();
    cutoffs.sort_unstable();
    cutoffs.dedup();
    if cutoffs.first().is_none_or(|&k| k == 0) {
        bail!("--k: 0 is no number of places; pass 1 or more, such as --k 1,5,10");
    }
    Ok(cutoffs)
}

/// One row per metric whose key ends in `@k` and the suffix, one column per k. A name may repeat k as `_top{k}_`.
pub(super) fn table(flat: &Flat, cutoffs: &[usize], suffix: &str) -> Table {
    let values: Vec<(&str, Option<f64>)> = flat.numbers().collect();
    let mut columns = vec![Column::text("Metric")];
    columns.extend(cutoffs.iter().map(|k| Column::number(format!("k = {k}"), NumberFormat::Decimals(4))));
    let first = cutoffs.first().copied().unwrap_or(1);
    let names = values.iter().filter_map(|(key, _)| key.strip_suffix(&format!("@{first}{suffix}")));
    names.fold(Table::new(columns), |table, name| {
        let stem = name.replace(&format!("_top{first}_"), "_topk_");
        let cell = |k: &usize| {
            let key = format!("{}@{k}{suffix}", stem.replace("_topk_", &format!("_top{k}_")));
            let value = values.iter().find(|(name, _)| *name == key).and_then(|(_, value)| *value);
            value.map_or_else(|| Cell::undefined("see the notes"), Cell::Number)
        };
        table.row(std::iter::once(Cell::from(stem.as_str())).chain(cutoffs.iter().map(cell)))
    })
}
