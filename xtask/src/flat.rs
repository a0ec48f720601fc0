//! `Flat`: the numbers of one command as one flat object, for programs (`--json`) and for people.
//!
//! ```text
//! { "auc": 0.685, "gauc_impression_weighted": null, ..., "rows_used": 3000, "warnings": ["gauc_impression_weighted: ..."] }
//! ```
//!
//! Keys keep the order in which they were added. A number that is not defined is `null`, and `warnings` says why.

use std::fmt::Write as _;

use serde_json::Value;
use slatewise_eval::{Metric, report::NumberFormat};

/// Named numbers in order, with the reasons of those that have no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flat {
    values: Vec<(String, Value)>,
    warnings: Vec<String>,
}

impl Flat {
    /// Adds a number; one that is not finite is null, with that as the warning.
    pub(crate) fn number(&mut self, key: impl Into<String>, value: f64) {
        let key = key.into();
        if !value.is_finite() {
            self.warnings.push(format!("{key}: {value} is not a finite number"));
        }
        self.values.push((key, Value::from(value)));
    }

    /// Adds a count.
    pub(crate) fn count(&mut self, key: impl Into<String>, value: usize) {
        self.values.push((key.into(), Value::from(value)));
    }

    /// Adds a metric, or null and a warning `key: reason`.
    pub(crate) fn metric(&mut self, key: impl Into<String>, metric: &Metric) {
        let key = key.into();
        match metric {
            Ok(value) => self.number(key, *value),
            Err(reason) => self.undefined(key, reason.to_string()),
        }
    }

    /// Adds null and a warning `key: reason`.
    pub(crate) fn undefined(&mut self, key: impl Into<String>, reason: impl AsRef<str>) {
        let key = key.into();
        self.warnings.push(format!("{key}: {}", reason.as_ref()));
        self.values.push((key, Value::Null));
    }

    /// Adds anything else (text, a list of reasons) to the object.
    pub(crate) fn value(&mut self, key: impl Into<String>, value: Value) {
        self.values.push((key.into(), value));
    }

    /// Adds a remark that belongs to no single key.
    pub(crate) fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// The numbers, in order; none where undefined, nothing for values that are not numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.values
            .iter()
            .filter(|(_, value)| value.is_number() || value.is_null())
            .map(|(key, value)| (key.as_str(), value.as_f64()))
    }

    /// The warnings, in order.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Adds everything of another.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.values.extend(other.values.iter().cloned());
        self.warnings.extend(other.warnings.iter().cloned());
    }

    /// Prints to standard output: one JSON object, or aligned lines.
    pub(crate) fn print(&self, json: bool) {
        let text = if json { self.to_json() } else { self.to_text() };
        #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
        {
            print!("{text}");
        }
    }

    fn to_json(&self) -> String {
        // serde_json's map sorts its keys, so the object is put together here to keep their order.
        let mut lines: Vec<String> =
            self.values.iter().map(|(key, value)| format!("  {}: {value}", Value::from(key.as_str()))).collect();
        lines.push(format!("  \"warnings\": {}", Value::from(self.warnings.clone())));
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// Aligned lines for people.
    pub(crate) fn to_text(&self) -> String {
        let width = self.values.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (key, value) in &self.values {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key:<width$}  {}", readable(value));
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        text
    }
}

/// A value for people: six decimals, counts with separators, null as "undefined".
fn readable(value: &Value) -> String {
    match value {
        Value::Null => "undefined".to_owned(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(count), _) => NumberFormat::Count.format(count as f64),
            (None, Some(number)) => format!("{number:.6}"),
            (None, None) => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_flat_ordered_and_valid() -> anyhow::Result<()> {
        let mut flat = Flat::default();
        flat.number("b", 0.5);
        flat.count("a", 3);
        flat.number("c", f64::NAN);
        flat.undefined("d", "there is nothing");
        let json = flat.to_json();
        let parsed: Value = serde_json::from_str(&json)?;
        assert!(json.find("\"b\"") < json.find("\"a\""), "{json}");
        assert_eq!((&parsed["a"], &parsed["c"], &parsed["d"]), (&Value::from(3), &Value::Null, &Value::Null));
        assert_eq!(parsed["warnings"][1], "d: there is nothing");
        Ok(())
    }
}
