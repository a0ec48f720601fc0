//! Per-unit values of a run, and two runs joined by their units.
//!
//! ```text
//! unit   ndcg@10   hit@10
//! u007   0.41      1
//! u012   –         0            – : not defined for this unit
//! ```
//!
//! ```
//! use slatewise_eval::comparison::UnitTable;
//!
//! let table = |units: &[&str], ndcg: &[Option<f64>]| {
//!     UnitTable::new(units.iter().map(|&unit| unit.to_owned()).collect(), vec![("ndcg".to_owned(), ndcg.to_vec())])
//! };
//! let a = table(&["u1", "u2", "u3"], &[Some(0.5), None, Some(0.1)])?;
//! let b = table(&["u3", "u2", "u4"], &[Some(0.2), Some(0.4), Some(0.9)])?;
//! let aligned = a.align(&b)?;
//! assert_eq!((aligned.units, aligned.only_a, aligned.only_b), (2, 1, 1));
//! // u2 has no value in a.
//! let ndcg = &aligned.metrics[0];
//! assert_eq!((&ndcg.a[..], &ndcg.b[..], ndcg.left_out), (&[0.1][..], &[0.2][..], 1));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use std::collections::HashMap;

use crate::error::Error;

/// Metrics of one run, one row per unit.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTable {
    units: Vec<String>,
    metrics: Vec<(String, Vec<Option<f64>>)>,
}

/// Two runs on the units that both have, in the order of the units' ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// Units that both runs have.
    pub units: usize,
    /// Units that only the first has.
    pub only_a: usize,
    /// Units that only the second has.
    pub only_b: usize,
    /// The metrics that both runs have, in the order of the first.
    pub metrics: Vec<Pairs>,
    /// Metrics that only the first has.
    pub metrics_only_a: Vec<String>,
    /// Metrics that only the second has.
    pub metrics_only_b: Vec<String>,
}

/// One metric on the units where both runs define it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// The metric.
    pub name: String,
    /// Values of the first run.
    pub a: Vec<f64>,
    /// Values of the second run on the same units.
    pub b: Vec<f64>,
    /// Common units where either value is undefined.
    pub left_out: usize,
}

impl UnitTable {
    /// Takes the units' ids and one column per metric; an empty value is undefined for that unit.
    ///
    /// # Errors
    /// No units, columns of another length, a unit that stands there twice, a value that is NaN or infinite.
    pub fn new(units: Vec<String>, metrics: Vec<(String, Vec<Option<f64>>)>) -> Result<Self, Error> {
        if units.is_empty() {
            return Err(Error::Empty { what: "units" });
        }
        for (_, values) in &metrics {
            if values.len() != units.len() {
                let (left_len, right_len) = (units.len(), values.len());
                return Err(Error::UnequalLengths { left: "units", left_len, right: "a metric", right_len });
            }
            let finite = |value: &Option<f64>| value.is_none_or(f64::is_finite);
            if let Some(row) = values.iter().position(|value| !finite(value)) {
                let value = values[row].unwrap_or(f64::NAN);
                return Err(Error::NotFinite { what: "metric", row: row + 1, value });
            }
        }
        let mut first_row = HashMap::with_capacity(units.len());
        for (index, unit) in units.iter().enumerate() {
            if let Some(first) = first_row.insert(unit.as_str(), index + 1) {
                return Err(Error::DuplicateUnit { unit: unit.clone(), row: index + 1, first });
            }
        }
        Ok(Self { units, metrics })
    }

    /// Joins this run (A) with another (B) by unit and by metric.
    ///
    /// # Errors
    /// No unit or no metric in common, with what each side has.
    pub fn align(&self, other: &Self) -> Result<Aligned, Error> {
        let row_b: HashMap<&str, usize> =
            other.units.iter().enumerate().map(|(row, unit)| (unit.as_str(), row)).collect();
        let mut common: Vec<(&str, usize, usize)> = self
            .units
            .iter()
            .enumerate()
            .filter_map(|(row, unit)| row_b.get(unit.as_str()).map(|&other| (unit.as_str(), row, other)))
            .collect();
        common.sort_unstable();
        if common.is_empty() {
            return Err(nothing_in_common("unit", &self.units, &other.units));
        }
        let names = |table: &Self| table.metrics.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let column = |table: &Self, name: &str| table.metrics.iter().position(|(other, _)| other == name);
        let mut metrics = Vec::new();
        for (name, values) in &self.metrics {
            let Some(place) = column(other, name) else { continue };
            let values_b = &other.metrics[place].1;
            let pairs = common.iter().filter_map(|&(_, a, b)| values[a].zip(values_b[b]));
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
            metrics.push(Pairs { name: name.clone(), left_out: common.len() - a.len(), a, b });
        }
        if metrics.is_empty() {
            return Err(nothing_in_common("metric", &names(self), &names(other)));
        }
        let missing =
            |from: &Self, of: &Self| names(from).into_iter().filter(|name| column(of, name).is_none()).collect();
        Ok(Aligned {
            units: common.len(),
            only_a: self.units.len() - common.len(),
            only_b: other.units.len() - common.len(),
            metrics,
            metrics_only_a: missing(self, other),
            metrics_only_b: missing(other, self),
        })
    }
}

fn nothing_in_common(what: &'static str, a: &[String], b: &[String]) -> Error {
    Error::NothingInCommon { what, a: some_of(a), b: some_of(b) }
}

/// The first few names of a side.
fn some_of(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        _ if names.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(units: &[&str], metric: &str, values: &[Option<f64>]) -> Result<UnitTable, Error> {
        let units = units.iter().map(|&unit| unit.to_owned()).collect();
        UnitTable::new(units, vec![(metric.to_owned(), values.to_vec())])
    }

    #[test]
    fn bad_tables_are_refused() {
        let one = Some(1.0);
        assert_eq!(table(&[], "m", &[]), Err(Error::Empty { what: "units" }));
        assert!(matches!(table(&["u"], "m", &[one, one]), Err(Error::UnequalLengths { .. })));
        assert!(matches!(table(&["u"], "m", &[Some(f64::NAN)]), Err(Error::NotFinite { row: 1, .. })));
        let twice = table(&["u", "v", "u"], "m", &[one, one, one]).map_err(|error| error.to_string());
        assert!(twice.is_err_and(|text| text.contains("unit `u`") && text.contains("row 3") && text.contains("row 1")));
    }

    #[test]
    fn sides_without_anything_in_common_say_what_they_have() -> Result<(), Error> {
        let (a, b) = (table(&["u", "v"], "ndcg", &[None, None])?, table(&["w"], "ndcg", &[None])?);
        let message = a.align(&b).map_err(|error| error.to_string());
        assert!(
            message.is_err_and(|text| text.contains("no unit") && text.contains("`u`, `v`") && text.contains("`w`"))
        );
        let message = a.align(&table(&["u"], "auc", &[None])?).map_err(|error| error.to_string());
        assert!(
            message.is_err_and(|text| text.contains("no metric") && text.contains("`ndcg`") && text.contains("`auc`"))
        );
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(some_of(&many), "`0`, `1`, `2`, `3`, `4` and 4 more");
        Ok(())
    }
}
