//! `check_share`: whether more rows were set aside than the schema allows, and which rules they broke.

use std::collections::BTreeMap;

use crate::log::counts::Counts;
use crate::log::error::LogError;
use crate::log::quarantine::QuarantineWriter;

/// Rules named in the message.
const NAMED: usize = 3;

/// Per rule where it was broken first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examples(BTreeMap<String, String>);

impl Examples {
    /// Keeps the first example of a rule.
    pub fn note(&mut self, rule: &str, example: impl FnOnce() -> String) {
        if !self.0.contains_key(rule) {
            self.0.insert(rule.to_owned(), example());
        }
    }

    /// The first example of a rule: file, line, column and message.
    pub fn of(&self, rule: &str) -> Option<&str> {
        self.0.get(rule).map(String::as_str)
    }
}

/// Hands the quarantine back if at most the share `allowed` (0 to 1) of the rows read was set aside. Else it is put under its
/// name, so that the rows can be looked at, and the error names the commonest rules.
///
/// # Errors
/// [`LogError::TooManyQuarantined`]; [`LogError::Io`] if the disk does not take the quarantine.
pub fn check_share(
    counts: &Counts,
    allowed: f64,
    examples: &Examples,
    quarantine: QuarantineWriter,
) -> Result<QuarantineWriter, LogError> {
    let quarantined = counts.rows_quarantined();
    if quarantined as f64 <= allowed * counts.rows_read as f64 {
        return Ok(quarantine);
    }
    let path = quarantine.path().to_path_buf();
    quarantine.finish()?;
    Err(LogError::TooManyQuarantined {
        quarantined,
        read: counts.rows_read,
        allowed,
        most: most(counts, examples),
        quarantine: path,
    })
}

/// "out_of_range 12 (events.csv, line 17, column `price`: below 0), ragged_row 3 (…)".
pub(super) fn most(counts: &Counts, examples: &Examples) -> String {
    let mut rules: Vec<(&String, &u64)> = counts.quarantined.iter().collect();
    rules.sort_by_key(|(rule, rows)| (std::cmp::Reverse(**rows), (*rule).clone()));
    let named = rules.iter().take(NAMED).map(|(rule, rows)| match examples.of(rule) {
        Some(example) => format!("{rule} {rows} ({example})"),
        None => format!("{rule} {rows}"),
    });
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_itself_is_allowed_and_one_row_more_is_not() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("quarantine.csv");
        let mut counts = Counts { rows_read: 10, rows_kept: 8, ..Counts::default() };
        counts.quarantined.insert("out_of_range".to_owned(), 2);
        let mut examples = Examples::default();
        examples.note("out_of_range", || "events.csv, line 3, column `price`: below 0".to_owned());
        let quarantine = check_share(&counts, 0.2, &examples, QuarantineWriter::create(&path)?)?;
        assert!(!path.exists());
        let error = check_share(&counts, 0.19, &examples, quarantine).map(drop).map_err(|error| error.to_string());
        let message = format!(
            "2 of 10 rows break a rule, more than the share of 0.19 that schema.rules.max_quarantined_share allows: \
             out_of_range 2 (events.csv, line 3, column `price`: below 0); see {}",
            path.display()
        );
        assert_eq!(error, Err(message));
        assert!(path.exists());
        Ok(())
    }
}
