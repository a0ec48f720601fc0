//! The checks of a `TableSpec` that need no file: ranges, names, and that no feature reads a label.

mod derived;

use std::collections::BTreeSet;

use super::spec::{CalendarColumn, CategoricalColumn, CrossColumn, TableSpec, TableTask, TargetColumn, VectorColumn};
use crate::error::Error;

/// More hashes than this cost width and tell no more values apart.
const MOST_HASHES: u32 = 8;
const MOST_CUTS: u32 = 1000;
/// Behind a vocabulary; both together are counted with 32 bits.
const MOST_ROWS: u32 = 1_000_000_000;

impl TableSpec {
    /// Checks ranges and names, and that no label's column is a feature.
    ///
    /// # Errors
    /// [`Error::BadTable`], naming the key and the mend.
    pub fn validate(&self) -> Result<(), Error> {
        let simple = self.categorical.is_empty() && self.numeric.is_empty() && self.cross.is_empty();
        if simple && self.calendar.is_empty() && self.target.is_empty() && self.vector.is_empty() {
            return bad("table", "no feature is declared", "add [[table.categorical]] or [[table.numeric]]");
        }
        if self.tasks.is_empty() {
            return bad("table.tasks", "no task is declared", "add [[table.tasks]] with a name and a label");
        }
        if self.validation.is_some() && self.validation_file.is_some() {
            let problem = "`validation` holds out rows of the train file already";
            return bad("table.validation_file", problem, "leave one of the two out");
        }
        if let Some(validation) = &self.validation
            && !(validation.share > 0.0 && validation.share < 1.0)
        {
            let problem = format!("{} is no share", validation.share);
            return bad("table.validation.share", problem, "give a number above 0 and below 1, such as 0.1");
        }
        self.categorical.iter().try_for_each(CategoricalColumn::validate)?;
        self.tasks.iter().try_for_each(TableTask::validate)?;
        self.cross.iter().try_for_each(CrossColumn::validate)?;
        self.calendar.iter().try_for_each(CalendarColumn::validate)?;
        self.target.iter().try_for_each(|target| target.validate(&self.tasks))?;
        self.vector.iter().try_for_each(VectorColumn::validate)?;
        once("table.categorical", self.categorical.iter().map(CategoricalColumn::name), "leave one of them out")?;
        once("table.numeric", self.numeric.iter().map(|c| c.column.clone()), "leave one of them out")?;
        once("table.cross", self.cross.iter().map(CrossColumn::name), "leave one out, or give it a `name`")?;
        once("table.calendar", self.calendar.iter().map(|c| c.column.clone()), "leave one of them out")?;
        once("table.target", self.target.iter().map(TargetColumn::name), "leave one out, or give it a `name`")?;
        once("table.vector", self.vector.iter().map(|c| c.column.clone()), "leave one of them out")?;
        once("table.tasks", self.tasks.iter().map(|t| t.name.clone()), "rename one of them")?;
        self.shared_tables_agree()?;
        self.no_leak()
    }

    /// Columns of one embedding table say the same about it.
    fn shared_tables_agree(&self) -> Result<(), Error> {
        let settings = |c: &CategoricalColumn| (c.width, c.min_count, c.buckets, c.hashes(), c.out_of_vocabulary);
        for (index, column) in self.categorical.iter().enumerate() {
            let earlier = self.categorical[..index].iter().find(|earlier| earlier.table() == column.table());
            if let Some(earlier) = earlier.filter(|earlier| settings(earlier) != settings(column)) {
                let problem =
                    format!("other settings than `{}`, which shares table `{}`", earlier.column, column.table());
                let mend = "give both the same width, min_count, buckets, number_of_hashes and out_of_vocabulary, \
                    or a table each";
                return bad(format!("table.categorical.{}", column.column), problem, mend);
            }
            if let Some(earlier) = earlier.filter(|earlier| earlier.is_cut() || column.is_cut()) {
                let problem = format!("it shares table `{}` with `{}`", column.table(), earlier.column);
                let mend = "give a column that is cut into buckets a table of its own";
                return bad(format!("table.categorical.{}", column.column), problem, mend);
            }
        }
        Ok(())
    }

    fn no_leak(&self) -> Result<(), Error> {
        let mut columns: Vec<(&str, &String)> = self.categorical.iter().map(|c| ("categorical", &c.column)).collect();
        columns.extend(self.numeric.iter().map(|c| ("numeric", &c.column)));
        columns.extend(self.cross.iter().flat_map(|c| &c.columns).map(|column| ("cross", column)));
        columns.extend(self.calendar.iter().map(|c| ("calendar", &c.column)));
        columns.extend(self.target.iter().flat_map(TargetColumn::columns).map(|column| ("target", column)));
        columns.extend(self.vector.iter().map(|c| ("vector", &c.column)));
        for (list, column) in columns {
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
        self.validate_cuts()?;
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

impl CategoricalColumn {
    fn validate_cuts(&self) -> Result<(), Error> {
        let key = |name: &str| format!("table.categorical.{}.{name}", self.column);
        let ways = [self.is_cut(), self.buckets.is_some(), self.out_of_vocabulary.is_some()];
        if ways.into_iter().filter(|&way| way).count() > 1 || (self.cuts.is_some() && self.quantile_cuts.is_some()) {
            let problem = "only one of `cuts`, `quantile_cuts`, `buckets` and `out_of_vocabulary` can hold";
            return bad(key("cuts"), problem, "leave the others out");
        }
        if self.is_cut() && self.min_count > 1 {
            return bad(key("min_count"), "buckets of a number keep no vocabulary to cut off", "leave it out");
        }
        match (&self.cuts, self.quantile_cuts, self.out_of_vocabulary) {
            (Some(cuts), ..) if cuts.is_empty() || cuts.iter().any(|cut| !cut.is_finite()) || !ascend(cuts) => {
                bad(key("cuts"), "they are no ascending numbers", "give at least one, each above the one before")
            }
            (_, Some(cuts), _) if !(1..=MOST_CUTS).contains(&cuts) => {
                bad(key("quantile_cuts"), format!("{cuts} is out of range"), "give 1 to 1000; 20 is usual")
            }
            (.., Some(rows)) if !(1..=MOST_ROWS).contains(&rows) => bad(
                key("out_of_vocabulary"),
                format!("{rows} is out of range"),
                "give 1 to 1000000000, or leave it out",
            ),
            _ => Ok(()),
        }
    }
}

fn ascend(cuts: &[f64]) -> bool {
    cuts.windows(2).all(|pair| pair[0] < pair[1])
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

fn once(key: &str, names: impl Iterator<Item = String>, mend: &str) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if seen.contains(&name) {
            return bad(key, format!("`{name}` stands there twice"), mend);
        }
        seen.insert(name);
    }
    Ok(())
}

fn bad<T>(key: impl Into<String>, problem: impl Into<String>, mend: impl Into<String>) -> Result<T, Error> {
    Err(Error::BadTable { key: key.into(), problem: problem.into(), mend: mend.into() })
}
