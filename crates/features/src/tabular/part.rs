//! `TablePart`: which rows of which file.

use std::path::Path;

use super::hash::of_row;
use super::spec::{TableSpec, ValidationSpec};
use crate::error::Error;

/// A part of the declared tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The train file without the rows held out: what is fitted and learned.
    Train,
    /// The rows of the train file that are held out.
    Validation,
    /// The test file.
    Test,
}

/// Some rows of a file, in the order of the file.
#[derive(Debug, Clone, Copy)]
pub struct TablePart<'a> {
    path: &'a Path,
    rows: Rows,
    fitted: bool,
}

#[derive(Debug, Clone, Copy)]
enum Rows {
    All,
    HeldOut(ValidationSpec),
    NotHeldOut(ValidationSpec),
}

impl TableSpec {
    /// The rows of a part.
    ///
    /// # Errors
    /// [`Error::BadTable`] for a part that is not declared.
    pub fn part(&self, part: Part) -> Result<TablePart<'_>, Error> {
        let absent = |key: &str, problem: &str, mend: &str| Error::BadTable {
            key: key.to_owned(),
            problem: problem.to_owned(),
            mend: mend.to_owned(),
        };
        match (part, self.validation) {
            (Part::Train, None) => Ok(TablePart { fitted: true, ..TablePart::whole(&self.train) }),
            (Part::Train, Some(share)) => {
                Ok(TablePart { path: &self.train, rows: Rows::NotHeldOut(share), fitted: true })
            }
            (Part::Validation, Some(share)) => {
                Ok(TablePart { path: &self.train, rows: Rows::HeldOut(share), fitted: false })
            }
            (Part::Validation, None) => match &self.validation_file {
                Some(file) => Ok(TablePart::whole(file)),
                None => Err(absent(
                    "table.validation",
                    "no rows are held out",
                    "add { share = 0.1, seed = 1 }, or a validation_file",
                )),
            },
            (Part::Test, _) => match &self.test {
                Some(test) => Ok(TablePart::whole(test)),
                None => {
                    Err(absent("table.test", "no test file is declared", "name one, with the train file's columns"))
                }
            },
        }
    }
}

impl<'a> TablePart<'a> {
    /// All rows of a file, as rows that nothing was fitted on. Of the train file ask [`TableSpec::part`] instead: these rows'
    /// statistics of labels must not hold their own.
    pub fn whole(path: &'a Path) -> Self {
        Self { path, rows: Rows::All, fitted: false }
    }

    /// Whether the rows are those that an encoder is fitted on.
    pub fn is_fitted(&self) -> bool {
        self.fitted
    }

    /// The file.
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// Whether a data row of the file belongs to the part; rows count from 0.
    pub fn holds(&self, row: usize) -> bool {
        match self.rows {
            Rows::All => true,
            Rows::HeldOut(share) => share.holds_out(row),
            Rows::NotHeldOut(share) => !share.holds_out(row),
        }
    }
}

impl ValidationSpec {
    fn holds_out(&self, row: usize) -> bool {
        // 2⁶⁴ as a float; the product is cut to the range of u64.
        of_row(row as u64, self.seed) < (self.share * 18_446_744_073_709_551_616.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_about_that_large_and_grows_with_one_seed() {
        let held = |share, seed| {
            let spec = ValidationSpec { share, seed };
            (0..20_000).filter(|&row| spec.holds_out(row)).collect::<Vec<_>>()
        };
        let (tenth, fifth) = (held(0.1, 7), held(0.2, 7));
        // Expected 2,000, standard deviation 42.
        assert!(tenth.len().abs_diff(2000) < 200, "{}", tenth.len());
        assert!(tenth.iter().all(|row| fifth.binary_search(row).is_ok()));
        assert_ne!(tenth, held(0.1, 8));
    }
}
