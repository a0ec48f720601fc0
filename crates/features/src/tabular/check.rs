//! The checks of a `TableSpec` that need no file: ranges, names, and that no feature reads a label.

use std::collections::BTreeSet;

use super::spec::{CategoricalColumn, TableSpec, TableTask};
use crate::error::Error;

/// More hashes than this cost width and tell no more values apart.
const MOST_HASHES: u32 = 8;

impl TableSpec {
    /// Checks ranges and names, and that no label's column is a feature.
    ///
    /// # Errors
    /// [`Error::BadTable`], naming the key and the mend.
    pub fn validate(&self) -> Result<(), Error> {
        if self.categorical.is_empty() && self.numeric.is_empty() {
            return bad("table", "no feature is declared", "add [[table.categorical]] or [[table.numeric]]");
        }
        if self.tasks.is_empty() {
            return bad("table.tasks", "no task is declared", "add [[table.tasks]] with a name and a label");
        }
        if let Some(validation) = &self.validation
            && !(validation.share > 0.0 && validation.share < 1.0)
        {
            let problem = format!("{} is no share", validation.share);
            return bad("table.validation.share", problem, "give a number above 0 and below 1, such as 0.1");
        }
        self.categorical.iter().try_for_each(CategoricalColumn::validate)?;
        self.tasks.iter().try_for_each(TableTask::validate)?;
        once("table.categorical", self.categorical.iter().map(|c| c.column.as_str()), "leave one of them out")?;
        once("table.numeric", self.numeric.iter().map(|c| c.column.as_str()), "leave one of them out")?;
        once("table.tasks", self.tasks.iter().map(|t| t.name.as_str()), "rename one of them")?;
        self.shared_tables_agree()?;
        self.no_leak()
    }

    /// Columns of one embedding table say the same about it.
    fn shared_tables_agree(&self) -> Result<(), Error> {
        let settings = |c: &CategoricalColumn| (c.width, c.min_count, c.buckets, c.hashes());
        for (index, column) in self.categorical.iter().enumerate() {
            let earlier = self.categorical[..index].iter().find(|earlier| earlier.table() == column.table());
            if let Some(earlier) = earlier.filter(|earlier| settings(earlier) != settings(column)) {
                let problem =
                    format!("other settings than `{}`, which shares table `{}`", earlier.column, column.table());
                let mend = "give both the same width, min_count, buckets and number_of_hashes, or a table each";
                return bad(format!("table.categorical.{}", column.column), problem, mend);
            }
        }
        Ok(())
    }

    fn no_leak(&self) -> Result<(), Error> {
        let categorical = self.categorical.iter().map(|c| ("categorical", &c.column));
        for (list, column) in categorical.chain(self.numeric.iter().map(|c| ("numeric", &c.column))) {
            if let Some(task) = self.tasks.iter().find(|task| task.label.column == *column) {
                let problem = format!("it is the label of task `{}`, which a feature would give away", task.name);
                return bad(format!("table.{list}.{column}"), problem, "leave the feature out");
            }
        }
        Ok(())
    }
}

impl CategoricalColumn {
    fn validate(&self) -> Result<(), Error> {
        let key = |name: &str| format!("table.categorical.{}.{name}", self.column);
        if self.width == 0 {
            return bad(key("width"), "an embedding of width 0 holds nothing", "give at least 1; 4 to 64 are usual");
        }
        match (self.buckets, self.number_of_hashes) {
            (None, Some(_)) => bad(key("number_of_hashes"), "nothing is hashed", "give `buckets` too, or leave it out"),
            (Some(0 | u32::MAX), _) => bad(key("buckets"), "out of range", "give at least 1 and below 4294967295"),
            (Some(_), _) if self.min_count > 1 => {
                let mend = "leave out `min_count` or `buckets`";
                bad(key("min_count"), "hashing keeps no vocabulary to cut off", mend)
            }
            (Some(_), Some(hashes)) if !(1..=MOST_HASHES).contains(&hashes) => {
                bad(key("number_of_hashes"), format!("{hashes} is out of range"), "give 1 to 8; 2 is usual")
            }
            _ => Ok(()),
        }
    }
}

impl TableTask {
    fn validate(&self) -> Result<(), Error> {
        let key = |name: &str| format!("table.tasks.{}.{name}", self.name);
        if self.label.positive.is_some() == self.label.kind.is_some() {
            let mend = "give either `positive = \"...\"` or `kind = \"binary\"` or `kind = \"number\"`";
            return bad(key("label"), "one of `positive` and `kind` is needed, and only one", mend);
        }
        if !(self.loss_weight >= 0.0 && self.loss_weight.is_finite()) {
            return bad(
                key("loss_weight"),
                format!("{} is no weight", self.loss_weight),
                "give a number of at least 0",
            );
        }
        Ok(())
    }
}

fn once<'a>(key: &str, names: impl Iterator<Item = &'a str>, mend: &str) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return bad(key, format!("`{name}` stands there twice"), mend);
        }
    }
    Ok(())
}

fn bad<T>(key: impl Into<String>, problem: impl Into<String>, mend: impl Into<String>) -> Result<T, Error> {
    Err(Error::BadTable { key: key.into(), problem: problem.into(), mend: mend.into() })
}
