//! Fitting: one pass over the train rows counts values, gathers moments and samples.

use std::collections::{BTreeSet, HashMap};

use slatewise_data::table::{Chunk, Kind, TableReader};

use super::columns::Columns;
use super::encoder::{EmbeddingTable, TableEncoder};
use super::number::NumberFit;
use super::part::{Part, TablePart};
use super::spec::{CategoricalColumn, TableSpec};
use super::vocabulary::{TableRows, Vocabulary};
use crate::error::Error;

/// Values shown in a message.
const MOST_SHOWN: usize = 12;

impl TableEncoder {
    /// Fits a declaration on the train rows of its train file: rows held out are not looked at.
    ///
    /// # Errors
    /// A declaration that does not hold (see [`TableSpec::validate`]); a file that cannot be read, or a cell that
    /// cannot be used, named with its line; a label or mask whose text no train row has; a column of numbers without
    /// any; no train rows.
    pub fn fit(spec: &TableSpec) -> Result<Self, Error> {
        spec.validate()?;
        let part = spec.part(Part::Train)?;
        let columns = Columns::new(&spec.categorical, spec.numeric.iter().map(|c| c.column.as_str()), &spec.tasks);
        let mut seen = Seen::new(spec, &columns);
        let texts = TableReader::open(part.path())?
            .for_each_chunk(&columns.wanted, |chunk| seen.take_in(chunk, &columns, &part))?;
        if seen.rows == 0 {
            return Err(bad("table.validation.share", "no row is left to fit on", "give a smaller share"));
        }
        seen.check_texts(spec, &columns, &texts)?;
        let tables = seen.tables(spec, &texts);
        // Each column's table is among them.
        let table_of = |column: &CategoricalColumn| tables.iter().take_while(|t| t.name != column.table()).count();
        let table_of = spec.categorical.iter().map(table_of).collect();
        let column = |fit: NumberFit, column: &str| {
            let empty = || bad(format!("table.numeric.{column}"), "no train row has a number", "leave the column out");
            fit.finish(column).ok_or_else(empty)
        };
        let numbers = seen.numbers.into_iter().zip(&spec.numeric).map(|(fit, spec)| column(fit, &spec.column));
        let encoder = Self {
            tables,
            categorical: spec.categorical.clone(),
            table_of,
            numbers: numbers.collect::<Result<_, _>>()?,
            tasks: spec.tasks.clone(),
            train_rows: seen.rows,
        };
        encoder.check_names()?;
        Ok(encoder)
    }

    /// Names that are made of others (`age_missing`, `user#2`) may meet a column's.
    fn check_names(&self) -> Result<(), Error> {
        let layout = self.layout();
        let fields: Vec<String> = layout.fields.into_iter().map(|field| field.name).collect();
        for (key, names) in [("table.categorical", fields), ("table.numeric", layout.dense)] {
            let mut known = BTreeSet::new();
            if let Some(twice) = names.iter().find(|name| !known.insert(name.as_str())) {
                return Err(bad(key, format!("`{twice}` would be two features"), "rename the column in the file"));
            }
        }
        Ok(())
    }
}

/// What the pass gathers.
struct Seen {
    rows: u64,
    /// Per slot of ids, train rows per code.
    counts: Vec<Vec<u64>>,
    numbers: Vec<NumberFit>,
}

impl Seen {
    fn new(spec: &TableSpec, columns: &Columns<'_>) -> Self {
        let numbers = spec.numeric.iter().map(NumberFit::new).collect();
        Self { rows: 0, counts: vec![Vec::new(); columns.wanted.len()], numbers }
    }

    fn take_in(&mut self, chunk: &Chunk<'_>, columns: &Columns<'_>, part: &TablePart<'_>) -> Result<(), Error> {
        let rows: Vec<usize> = (0..chunk.rows()).filter(|row| part.holds(chunk.first_row() + row)).collect();
        self.rows += rows.len() as u64;
        let ids = columns.wanted.iter().enumerate().filter(|(_, wanted)| wanted.kind == Kind::Id);
        for (slot, _) in ids {
            let (codes, counts) = (chunk.id(slot), &mut self.counts[slot]);
            // Codes of rows that are held out are counted 0 times.
            let codes_seen = codes.iter().max().map_or(0, |&code| code as usize + 1);
            counts.resize(codes_seen.max(counts.len()), 0);
            rows.iter().for_each(|&row| counts[codes[row] as usize] += 1);
        }
        for (column, fit) in self.numbers.iter_mut().enumerate() {
            let slot = columns.categorical + column;
            let numbers = chunk.number(slot);
            for &row in &rows {
                fit.push(numbers[row]).map_err(|(problem, mend)| Error::BadCell {
                    place: chunk.place(chunk.first_row() + row, columns.wanted[slot].name),
                    problem: format!("{}: {problem}", numbers[row]),
                    mend,
                })?;
            }
        }
        Ok(())
    }

    /// A text that no train row has is a misspelt one: all labels would be 0.
    fn check_texts(&self, spec: &TableSpec, columns: &Columns<'_>, texts: &[Vec<String>]) -> Result<(), Error> {
        for (index, task) in spec.tasks.iter().enumerate() {
            let label = task.label.positive.as_ref().map(|text| ("label.positive", columns.label(index), text));
            let mask =
                task.mask.as_ref().zip(columns.mask[index]).map(|(mask, slot)| ("mask.equals", slot, &mask.equals));
            for (key, slot, text) in label.into_iter().chain(mask) {
                let mut known: Vec<(&str, u64)> =
                    texts[slot].iter().map(String::as_str).zip(self.counts[slot].iter().copied()).collect();
                known.retain(|&(_, count)| count > 0);
                if !known.iter().any(|(known, _)| known == text) {
                    known.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
                    let shown: Vec<String> = known.iter().take(MOST_SHOWN).map(|(t, _)| format!("`{t}`")).collect();
                    let column = columns.wanted[slot].name;
                    let problem = format!("no train row has `{text}` in column `{column}`");
                    let mend = format!("name one of its values, such as {}", shown.join(", "));
                    return Err(bad(format!("table.tasks.{}.{key}", task.name), problem, mend));
                }
            }
        }
        Ok(())
    }

    fn tables(&self, spec: &TableSpec, texts: &[Vec<String>]) -> Vec<EmbeddingTable> {
        let mut tables: Vec<EmbeddingTable> = Vec::new();
        for column in &spec.categorical {
            if tables.iter().any(|table| table.name == column.table()) {
                continue;
            }
            let rows = match column.buckets {
                Some(buckets) => TableRows::Buckets(buckets),
                None => {
                    let mut counts: HashMap<&str, u64> = HashMap::new();
                    let sharing = spec.categorical.iter().enumerate().filter(|(_, c)| c.table() == column.table());
                    for (slot, _) in sharing {
                        for (text, count) in texts[slot].iter().zip(&self.counts[slot]) {
                            *counts.entry(text).or_default() += count;
                        }
                    }
                    TableRows::Vocabulary(Vocabulary::fit(counts, column.min_count))
                }
            };
            tables.push(EmbeddingTable { name: column.table().to_owned(), width: column.width, rows });
        }
        tables
    }
}

fn bad(key: impl Into<String>, problem: impl Into<String>, mend: impl Into<String>) -> Error {
    Error::BadTable { key: key.into(), problem: problem.into(), mend: mend.into() }
}
