//! The items file, checked row by row, and the numbers that its items get.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, bail};
use slatewise_data::table::{IdColumn, Table, TableReader, Wanted};
use slatewise_eval::catalog::{CosineDistance, ItemCategories, ItemDistance};

use super::Arguments;

/// The catalogue.
pub(super) struct Items {
    pub(super) names: Vec<String>,
    index: HashMap<String, u32>,
    /// Whether two items have the same text in the category column.
    pub(super) category: Option<ItemDistance>,
    /// The categories, split where a separator is given.
    pub(super) categories: Option<ItemCategories>,
    pub(super) embedding: Option<CosineDistance>,
    file: String,
}

impl Items {
    pub(super) fn read(arguments: &Arguments) -> Result<Self> {
        let columns = &arguments.columns;
        let reader = TableReader::open(&arguments.items)?;
        let item = columns.items_item_column.as_ref().unwrap_or(&columns.item_column);
        let category = optional(&reader, columns.category_column.as_deref(), "category");
        let embedding = embedding_columns(&reader, columns.embedding_prefix.as_deref(), &arguments.items)?;
        let mut wanted = vec![Wanted::id(item)];
        wanted.extend(category.map(Wanted::id));
        wanted.extend(embedding.iter().map(|name| Wanted::number(name)));
        let table = reader.read(&wanted)?;

        let ids = table.id(0);
        let mut first = vec![None; ids.names.len()];
        for (row, &code) in ids.code.iter().enumerate() {
            if let Some(earlier) = first[code as usize].replace(row) {
                let (here, name) = (table.place(row, item), &ids.names[code as usize]);
                bail!("{here}: item \"{name}\" stands in data row {} already; keep one row per item", earlier + 1);
            }
        }
        let place = order_by_id(&ids.names);
        let distance = category.map(|_| by_place(&table.id(1).code, &place));
        let categories = match category {
            Some(_) => Some(categories(table.id(1), &place, columns.category_separator.as_deref())?),
            None => None,
        };
        let first_embedding = 1 + usize::from(category.is_some());
        let embedding = read_embedding(&table, &embedding, first_embedding, &place)?;
        let names = by_place(&ids.names, &place);
        let index = names.iter().cloned().zip(0..).collect();
        let category = distance.map(|codes| ItemDistance::from_codes(&[&codes])).transpose()?;
        Ok(Self { names, index, category, categories, embedding, file: arguments.items.display().to_string() })
    }

    /// The index of an item that a row of another file names.
    fn find(&self, name: &str, place: impl FnOnce() -> String) -> Result<u32> {
        let Some(&item) = self.index.get(name) else {
            bail!("{}: item \"{name}\" is not in {}; add it there, or leave the row out", place(), self.file);
        };
        Ok(item)
    }

    /// The index of every id of a column; the error names the first row whose item is not in the catalogue.
    pub(super) fn find_all(&self, ids: &IdColumn, table: &Table, column: &str) -> Result<Vec<u32>> {
        let mut item = Vec::with_capacity(ids.names.len());
        for (code, name) in (0_u32..).zip(&ids.names) {
            let row = || ids.code.iter().position(|&other| other == code).unwrap_or(0);
            item.push(self.find(name, || table.place(row(), column))?);
        }
        Ok(item)
    }
}

/// Values of rows, which are items in the order of their first appearance, put in the order of the catalogue.
pub(super) fn by_place<T: Clone + Default>(values: &[T], place: &[u32]) -> Vec<T> {
    let mut placed = vec![T::default(); values.len()];
    for (value, &place) in values.iter().zip(place) {
        placed[place as usize] = value.clone();
    }
    placed
}

/// The categories of each item, split at the separator if there is one.
fn categories(column: &IdColumn, place: &[u32], separator: Option<&str>) -> Result<ItemCategories> {
    let mut code_of: HashMap<&str, u32> = HashMap::new();
    let mut of_name: Vec<Vec<u32>> = Vec::with_capacity(column.names.len());
    for name in &column.names {
        let parts: Vec<&str> = match separator.filter(|separator| !separator.is_empty()) {
            Some(separator) => name.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect(),
            None => vec![name],
        };
        let mut codes = Vec::with_capacity(parts.len());
        for part in parts {
            let next = code_of.len() as u32;
            let code = *code_of.entry(part).or_insert(next);
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        if codes.is_empty() {
            bail!(
                "--category-separator: the category \"{name}\" has nothing between its separators; name at least one"
            );
        }
        of_name.push(codes);
    }
    let of_row: Vec<Vec<u32>> = column.code.iter().map(|&code| of_name[code as usize].clone()).collect();
    Ok(ItemCategories::from_lists(&by_place(&of_row, place))?)
}

/// The columns called prefix and number, by number; a gap in the numbers is refused.
fn embedding_columns(reader: &TableReader, flag: Option<&str>, file: &Path) -> Result<Vec<String>> {
    let prefix = flag.unwrap_or("e");
    let number = |name: &str| {
        let digits = name.strip_prefix(prefix)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<usize>().ok())?
    };
    let mut found: Vec<(usize, String)> =
        reader.header().iter().filter_map(|name| Some((number(name)?, name.clone()))).collect();
    found.sort_unstable();
    if found.is_empty() && flag.is_some() {
        bail!("{}: no column {prefix}0, {prefix}1, …; mend --embedding-prefix", file.display());
    }
    for pair in found.windows(2) {
        if pair[1].0 != pair[0].0 + 1 {
            let (before, after) = (&pair[0].1, &pair[1].1);
            bail!("{}: `{after}` follows `{before}`; number the embedding columns without gaps", file.display());
        }
    }
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

fn read_embedding(table: &Table, names: &[String], first: usize, place: &[u32]) -> Result<Option<CosineDistance>> {
    if names.is_empty() {
        return Ok(None);
    }
    for (dimension, name) in names.iter().enumerate() {
        let values = table.number(first + dimension);
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            bail!("{}: {} is not a finite number; repair the embedding", table.place(row, name), values[row]);
        }
    }
    let columns: Vec<Vec<f64>> = (0..names.len()).map(|d| by_place(table.number(first + d), place)).collect();
    Ok(Some(CosineDistance::from_columns(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>())?))
}

/// A column that is read where the file has it, and must be there once a flag names it.
pub(super) fn optional<'a>(reader: &TableReader, flag: Option<&'a str>, usual: &'a str) -> Option<&'a str> {
    flag.or_else(|| reader.has(usual).then_some(usual))
}

/// The place of each of `names` when sorted by id: shorter first, then by text, so that numbers in ids count up.
pub(super) fn order_by_id(names: &[String]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    let key = |&code: &u32| (names[code as usize].len(), names[code as usize].as_str());
    order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    let mut place = vec![0; names.len()];
    for (rank, &code) in (0..).zip(&order) {
        place[code as usize] = rank;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::order_by_id;

    #[test]
    fn numbers_in_ids_count_up() {
        let names = ["i10", "i9", "i1", "j1"].map(str::to_owned);
        // i1, i9, j1, i10.
        assert_eq!(order_by_id(&names), [3, 1, 0, 2]);
    }
}
