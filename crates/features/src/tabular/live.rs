//! A live row: texts by the names of columns → one row of a batch.

use slatewise_data::table::{Misfit, push_vector};

use super::cells::{Cells, Refused};
use super::encoder::TableEncoder;
use super::number::Unfit;
use crate::batch::FeatureBatch;
use crate::error::Error;

/// Up to so many columns a row's cells need no memory of their own.
const ON_STACK: usize = 64;

/// A cell of a live row.
#[derive(Debug, Clone, Copy)]
struct Cell<'c> {
    text: &'c str,
    /// NaN unless the column is read as a number and has one.
    number: f64,
}

struct Live<'r, 'c>(&'r [Cell<'c>]);

impl TableEncoder {
    /// Appends one live row; `cell` gives the text of a column, none or an empty one where it is absent, and is asked once
    /// per column. A number is text such as `0.25`, a time its microseconds, a vector `[0.1, -2]`.
    ///
    /// # Shapes
    /// `out.ids` grows by `[1, F]`, `out.dense` by `[1, D]`.
    ///
    /// # Errors
    /// [`Error::BadCell`] for a number that is none or cannot be used; `out` is then as it was.
    pub fn encode_row<'c>(&self, cell: impl Fn(&str) -> Option<&'c str>, out: &mut FeatureBatch) -> Result<(), Error> {
        const ABSENT: Cell<'static> = Cell { text: "", number: f64::NAN };
        if self.live_inputs <= ON_STACK {
            self.encode_cells(cell, &mut [ABSENT; ON_STACK][..self.live_inputs], out)
        } else {
            self.encode_cells(cell, &mut vec![ABSENT; self.live_inputs], out)
        }
    }

    fn encode_cells<'c>(
        &self,
        cell: impl Fn(&str) -> Option<&'c str>,
        cells: &mut [Cell<'c>],
        out: &mut FeatureBatch,
    ) -> Result<(), Error> {
        for (at, input) in self.inputs[..self.live_inputs].iter().enumerate() {
            let text = cell(&input.column).unwrap_or("");
            cells[at].text = text;
            if input.number {
                cells[at].number = parse(text).map_err(|unfit| self.refused(at, text, unfit))?;
            }
        }
        let (rows, ids, dense) = (out.rows, out.ids.len(), out.dense.len());
        self.push_row(&mut Live(cells), None, out).map_err(|refused| {
            out.rows = rows;
            out.ids.truncate(ids);
            out.dense.truncate(dense);
            match refused {
                Refused::Number(input, unfit) | Refused::Vector(input, unfit) => {
                    self.refused(input, cells[input].text, unfit)
                }
                Refused::Whole(error) => error,
            }
        })
    }

    fn refused(&self, input: usize, text: &str, (problem, mend): Unfit) -> Error {
        let place = format!("live row, column `{}`", self.inputs[input].column);
        Error::BadCell { place, problem: format!("{text:?}: {problem}"), mend }
    }
}

impl Cells for Live<'_, '_> {
    fn look_up(&mut self, input: usize, meaning: impl Fn(&str) -> u64) -> Result<u64, Refused> {
        Ok(meaning(self.0[input].text))
    }

    fn number(&self, input: usize) -> f64 {
        self.0[input].number
    }

    fn vector(&self, input: usize, width: u32, out: &mut Vec<f32>) -> Result<(), Refused> {
        push_vector(self.0[input].text.as_bytes(), width as usize, out).map_err(|misfit| {
            let unfit = match misfit {
                Misfit::NotAVector => ("it is no vector", "give numbers in brackets, such as [0.1, -2], or nothing"),
                Misfit::Length(_) => {
                    ("a vector of another length than the declared one", "give the vector of training")
                }
            };
            Refused::Vector(input, unfit)
        })
    }
}

/// A cell as a number, as the reader of tables reads it; NaN for an empty one.
fn parse(text: &str) -> Result<f64, Unfit> {
    match text.trim_ascii() {
        "" => Ok(f64::NAN),
        "True" | "true" | "TRUE" => Ok(1.0),
        "False" | "false" | "FALSE" => Ok(0.0),
        text => text.parse().map_err(|_| ("it is no number", "give a decimal such as 0.25, or nothing")),
    }
}
