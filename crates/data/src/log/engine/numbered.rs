//! `Numbered`: a number for each row's text, asked for once per text of a dictionary and not once per row.
//!
//! Parquet keeps the texts of a row group once, and read as dictionaries they come so: rows are small numbers.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;

/// The number of a row without a text.
pub(super) const NONE: u32 = u32::MAX;

/// The numbers of the dictionary at hand.
#[derive(Default)]
pub(super) struct Numbered {
    texts: Option<StringArray>,
    numbers: Vec<u32>,
}

/// The type of texts that are read as dictionaries.
pub(super) fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl Numbered {
    /// Appends the number of each row of a column as text.
    pub(super) fn append(
        &mut self,
        column: &ArrayRef,
        mut number: impl FnMut(&str) -> u32,
        out: &mut Vec<u32>,
    ) -> Result<(), DataFusionError> {
        let no_text = || exec_datafusion_err!("a column of texts is none");
        let mut number = |text: Option<&str>| text.map_or(NONE, &mut number);
        let Some(coded) = column.as_dictionary_opt::<Int32Type>() else {
            let texts = cast(column, &DataType::Utf8)?;
            out.extend(texts.as_string_opt::<i32>().ok_or_else(no_text)?.iter().map(number));
            return Ok(());
        };
        let texts = coded.values().as_string_opt::<i32>().ok_or_else(no_text)?;
        if !self.texts.as_ref().is_some_and(|known| same(known, texts)) {
            self.numbers.clear();
            self.numbers.extend(texts.iter().map(&mut number));
            // Held, so that no other dictionary comes to stand in its place in the memory.
            self.texts = Some(texts.clone());
        }
        let numbers = &self.numbers;
        out.extend(coded.keys().iter().map(|key| key.map_or(NONE, |key| numbers[key as usize])));
        Ok(())
    }
}

/// Whether two arrays are views of the same memory; equal texts elsewhere are looked up again.
fn same(a: &StringArray, b: &StringArray) -> bool {
    a.len() == b.len()
        && a.value_offsets().as_ptr() == b.value_offsets().as_ptr()
        && a.value_data().as_ptr() == b.value_data().as_ptr()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{BooleanArray, DictionaryArray, Int64Array};
    use datafusion::arrow::compute::filter;

    use super::*;

    #[test]
    fn each_text_of_a_dictionary_is_asked_for_once() -> Result<(), DataFusionError> {
        let coded: DictionaryArray<Int32Type> = [Some("b"), None, Some("a"), Some("b")].into_iter().collect();
        let coded: ArrayRef = Arc::new(coded);
        let (mut numbered, mut asked, mut found) = (Numbered::default(), Vec::new(), Vec::new());
        let mut number = |text: &str| {
            asked.push(text.to_owned());
            asked.len() as u32
        };
        numbered.append(&coded, &mut number, &mut found)?;
        let some = filter(&coded, &BooleanArray::from(vec![true, false, false, true]))?;
        numbered.append(&some, &mut number, &mut found)?;
        let plain: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        numbered.append(&plain, &mut number, &mut found)?;
        assert_eq!(found, [1, NONE, 2, 1, 1, 1, 3, NONE]);
        assert_eq!(asked, ["b", "a", "7"]);
        Ok(())
    }
}
