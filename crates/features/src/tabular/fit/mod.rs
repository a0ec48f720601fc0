//! Fitting: one pass over the train rows counts values, gathers moments, samples and sums of labels.
//!
//! Statistics of labels need to know which texts are which labels and groups, and have the file read for these alone before.

mod finish;
mod seen;

use std::collections::BTreeSet;

use slatewise_data::table::TableReader;

use self::seen::Seen;
use super::columns::Columns;
use super::encoder::TableEncoder;
use super::input::Inputs;
use super::labels::Labels;
use super::part::Part;
use super::spec::TableSpec;
use crate::error::Error;

impl TableEncoder {
    /// Fits a declaration on the train rows of its train file: rows held out are not looked at. Memory is bounded by the
    /// number of distinct values, whatever the number of rows.
    ///
    /// # Errors
    /// A declaration that does not hold (see [`TableSpec::validate`]); a file that cannot be read, or a cell that
    /// cannot be used, named with its line; a label or mask whose text no train row has; a column of numbers without
    /// any; no train rows.
    pub fn fit(spec: &TableSpec) -> Result<Self, Error> {
        spec.validate()?;
        let part = spec.part(Part::Train)?;
        let inputs = Inputs::new(spec);
        let columns = Columns::new(&inputs.list, &spec.tasks);
        let groups: Vec<usize> = inputs.group.iter().flatten().map(|&input| columns.text(input)).collect();
        let of_labels = |slot: usize| columns.label.contains(&slot) || columns.mask.contains(&Some(slot));
        let early = columns
            .texts(part.path(), |slot| !spec.target.is_empty() && (of_labels(slot) || groups.contains(&slot)))?;
        let mut labels = Labels::new(&spec.tasks, &columns);
        labels.learn(&early);
        let mut seen = Seen::new(spec, &inputs, &columns, &early);
        let texts = TableReader::open(part.path())?
            .for_each_chunk(&columns.wanted, |chunk| seen.take_in(chunk, &labels, &part))?;
        if seen.rows == 0 {
            return Err(bad("table.validation.share", "no row is left to fit on", "give a smaller share"));
        }
        seen.check_texts(&texts)?;
        let encoder = seen.finish(&texts)?;
        encoder.check_names()?;
        Ok(encoder)
    }

    /// Names that are made of others (`age_missing`, `user#2`) may meet a column's.
    fn check_names(&self) -> Result<(), Error> {
        let layout = self.layout();
        let fields: Vec<String> = layout.fields.into_iter().map(|field| field.name).collect();
        let tables = layout.tables.into_iter().map(|table| table.name).collect();
        for (key, names) in [("table.categorical", fields), ("table.numeric", layout.dense), ("table", tables)] {
            let mut known = BTreeSet::new();
            if let Some(twice) = names.iter().find(|name| !known.insert(name.as_str())) {
                let mend = "rename the column in the file, or give the cross or target a name";
                return Err(bad(key, format!("`{twice}` would be two features"), mend));
            }
        }
        Ok(())
    }
}

fn bad(key: impl Into<String>, problem: impl Into<String>, mend: impl Into<String>) -> Error {
    Error::BadTable { key: key.into(), problem: problem.into(), mend: mend.into() }
}
