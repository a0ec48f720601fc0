//! What the pass gathered → a fitted encoder.

use std::collections::HashMap;

use super::super::bucket::Cuts;
use super::super::calendar::count;
use super::super::combination::{Key, texts_of};
use super::super::encoder::{Categorical, Cross, EmbeddingTable, TableEncoder};
use super::super::number::Number;
use super::super::spec::CategoricalColumn;
use super::super::statistics::{Count, FeatureStatistics, Reads, TrainStatistics};
use super::super::target::Target;
use super::super::vector::Vector;
use super::super::vocabulary::{TableRows, Vocabulary};
use super::bad;
use super::seen::Seen;
use crate::error::Error;

impl Seen<'_> {
    /// The encoder; `texts` are those of the file's ids, by slot and code.
    pub(super) fn finish(mut self, texts: &[Vec<String>]) -> Result<TableEncoder, Error> {
        let mut tables = self.tables(texts)?;
        // Each column's table is among them.
        let table_of = |column: &CategoricalColumn| tables.iter().take_while(|t| t.name != column.table()).count();
        let categorical = self
            .spec
            .categorical
            .iter()
            .zip(&self.inputs.categorical)
            .map(|(column, &input)| Categorical { declared: column.clone(), input, table: table_of(column) });
        let categorical = categorical.collect();
        let crosses = self.crosses(texts, &mut tables);
        for (fit, spec) in self.calendars.iter_mut().zip(&self.spec.calendar) {
            fit.calendar.first_table = tables.len();
            tables.extend(spec.parts.iter().map(|&part| EmbeddingTable {
                name: format!("{}_{}", spec.column, part.name()),
                width: spec.width,
                rows: TableRows::Fixed(count(part) as u32),
            }));
        }
        let mut encoder = TableEncoder {
            inputs: self.inputs.list.clone(),
            live_inputs: self.inputs.live,
            tables,
            categorical,
            crosses,
            numbers: self.numbers()?,
            calendars: self.calendars.iter().map(|fit| fit.calendar.clone()).collect(),
            targets: Vec::new(),
            vectors: self.vectors()?,
            tasks: self.spec.tasks.clone(),
            train_rows: self.rows,
            statistics: TrainStatistics::default(),
        };
        encoder.targets = self.targets(texts)?;
        let features = self.statistics(&encoder, texts);
        encoder.statistics = TrainStatistics { rows: self.rows, features };
        Ok(encoder)
    }

    /// Embedding tables of the categorical columns.
    fn tables(&self, texts: &[Vec<String>]) -> Result<Vec<EmbeddingTable>, Error> {
        let mut tables: Vec<EmbeddingTable> = Vec::new();
        for (index, column) in self.spec.categorical.iter().enumerate() {
            if tables.iter().any(|table| table.name == column.table()) {
                continue;
            }
            let rows = match (&self.cuts[index], column.buckets) {
                (Some(fit), _) if fit.present == 0 => {
                    let key = format!("table.categorical.{}", column.column);
                    return Err(bad(key, "no train row has a number", "leave the column out"));
                }
                (Some(fit), _) => TableRows::Cuts(match &column.cuts {
                    Some(cuts) => Cuts::declared(cuts),
                    None => Cuts::fit(&fit.sample, column.quantile_cuts.unwrap_or(1)),
                }),
                (None, Some(buckets)) => TableRows::Buckets(buckets),
                (None, None) => {
                    let mut counts: HashMap<&str, u64> = HashMap::new();
                    let columns = self.spec.categorical.iter().zip(&self.inputs.categorical);
                    for (_, &input) in columns.filter(|(other, _)| other.table() == column.table()) {
                        let slot = self.columns.text(input);
                        for (text, count) in texts[slot].iter().zip(&self.counts[slot]) {
                            *counts.entry(text).or_default() += count;
                        }
                    }
                    let values = Vocabulary::fit(counts, column.min_count);
                    TableRows::Vocabulary { values, out_of_vocabulary: column.out_of_vocabulary.unwrap_or(0) }
                }
            };
            tables.push(EmbeddingTable { name: column.table(), width: column.width, rows });
        }
        Ok(tables)
    }

    fn crosses(&self, texts: &[Vec<String>], tables: &mut Vec<EmbeddingTable>) -> Vec<Cross> {
        let declared = self.spec.cross.iter().zip(&self.crosses).zip(&self.inputs.cross);
        let cross = declared.map(|((spec, counts), inputs)| {
            let rows = match (counts, spec.buckets) {
                (Some(counts), _) => {
                    let of = self.texts(inputs, texts);
                    let mut kept: Vec<(u64, Vec<String>)> = counts
                        .iter()
                        .filter(|&(_, &count)| count >= spec.min_count.max(1))
                        .map(|(key, &count)| (count, texts_of(key, &of)))
                        .collect();
                    kept.sort_unstable_by(|(m, a), (n, b)| n.cmp(m).then_with(|| a.cmp(b)));
                    TableRows::Combinations(kept.into_iter().map(|(_, texts)| texts).collect::<Vec<_>>().into())
                }
                (None, buckets) => TableRows::Buckets(buckets.unwrap_or(1)),
            };
            tables.push(EmbeddingTable { name: spec.name(), width: spec.width, rows });
            Cross { name: spec.name(), inputs: inputs.clone(), table: tables.len() - 1 }
        });
        cross.collect()
    }

    fn numbers(&self) -> Result<Vec<Number>, Error> {
        let declared = self.numbers.iter().zip(&self.spec.numeric).zip(&self.inputs.numeric);
        let number = declared.map(|((fit, spec), &input)| {
            let key = format!("table.numeric.{}", spec.column);
            fit.finish(&spec.column, input).ok_or_else(|| bad(key, "no train row has a number", "leave the column out"))
        });
        number.collect()
    }

    fn vectors(&self) -> Result<Vec<Vector>, Error> {
        let declared = self.vectors.iter().zip(&self.spec.vector).zip(&self.inputs.vector);
        let vector = declared.map(|((fit, spec), &input)| {
            let key = format!("table.vector.{}", spec.column);
            fit.finish(spec, input).ok_or_else(|| bad(key, "no train row has a vector", "leave the column out"))
        });
        vector.collect()
    }

    fn targets(&mut self, texts: &[Vec<String>]) -> Result<Vec<Target>, Error> {
        let fits = std::mem::take(&mut self.targets);
        let target = fits.into_iter().enumerate().map(|(index, fit)| {
            let (spec, inputs) = (&self.spec.target[index], &self.inputs.target[index]);
            let kind = self.spec.tasks[self.task_of[index]].label.kind();
            let reads = (inputs.clone(), self.inputs.group[index]);
            fit.finish(spec, kind, reads, &self.texts(inputs, texts)).ok_or_else(|| {
                let problem = format!("no train row has a label of task `{}`", spec.task);
                bad(format!("table.target.{}", spec.name()), problem, "leave it out, or mend the task's mask")
            })
        });
        target.collect()
    }

    /// The texts of some inputs, by code.
    fn texts<'t>(&self, inputs: &[usize], texts: &'t [Vec<String>]) -> Vec<&'t Vec<String>> {
        inputs.iter().map(|&input| &texts[self.columns.text(input)]).collect()
    }

    /// How the train rows are distributed, feature by feature in the order of the layout.
    fn statistics(&self, encoder: &TableEncoder, texts: &[Vec<String>]) -> Vec<FeatureStatistics> {
        let layout = encoder.layout();
        let rows_of = |field: usize| &encoder.tables[layout.fields[field].table].rows;
        let mut features = Vec::new();
        let mut field = |at: usize, counts: &mut dyn Iterator<Item = (u32, f64)>| {
            let (mut count, reads) = (Count::default(), Reads::field(at, rows_of(at)));
            counts.for_each(|(row, times)| count.row(&reads, row, times));
            features.push(count.finish(layout.fields[at].name.clone(), reads));
        };
        let mut at = 0;
        for (column, fit) in encoder.categorical.iter().zip(&self.cuts) {
            if let Some(fit) = fit {
                field(at, &mut fit.rows(rows_of(at)));
                at += 1;
                continue;
            }
            let slot = self.columns.text(column.input);
            for hash in 0..column.declared.hashes() {
                let counts = texts[slot].iter().zip(&self.counts[slot]);
                field(at, &mut counts.map(|(text, &count)| (rows_of(at).row(text, hash), count as f64)));
                at += 1;
            }
        }
        for (counts, inputs) in self.crosses.iter().zip(&self.inputs.cross) {
            if let (Some(counts), TableRows::Combinations(values)) = (counts, rows_of(at)) {
                let of = self.texts(inputs, texts);
                let row = |key: &Key| {
                    let mut found = Key::default();
                    for (column, (place, texts)) in found.iter_mut().zip(&of).enumerate() {
                        *place = values.part(column, &texts[key[column] as usize]);
                    }
                    values.find(&found).map_or(0, |place| place + 1)
                };
                field(at, &mut counts.iter().map(|(key, &count)| (row(key), count as f64)));
            }
            at += 1;
        }
        for rows in self.calendars.iter().flat_map(|fit| &fit.rows) {
            field(at, &mut (0..).zip(rows).map(|(row, &count)| (row, count as f64)));
            at += 1;
        }
        features.extend(self.dense_statistics(encoder, &layout.dense));
        features
    }

    fn dense_statistics(&self, encoder: &TableEncoder, names: &[String]) -> Vec<FeatureStatistics> {
        let mut features = Vec::new();
        let mut at = 0;
        for (number, fit) in encoder.numbers.iter().zip(&self.numbers) {
            let values: Vec<(f32, u64)> =
                fit.sample.sorted().into_iter().filter_map(|x| Some((number.scaled(x).ok()?, 1))).collect();
            features.push(dense(at, number.missing, fit.missing, fit.present, (&names[at], &values)));
            at += 1 + usize::from(number.missing);
        }
        at += 2 * encoder.calendars.iter().filter(|calendar| calendar.cyclic).count();
        for target in &encoder.targets {
            let mut values = target.weighted();
            values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let rows = values.iter().map(|&(_, count)| count).sum();
            features.push(dense(at, false, 0, rows, (&names[at], &values)));
            at += 1;
        }
        for (vector, fit) in encoder.vectors.iter().zip(&self.vectors) {
            let (width, mut count) = (vector.width as usize, Count::default());
            let reads = Reads::dense(at, vector.missing.then_some(at + width), &[]);
            count.missing(fit.missing as f64);
            count.value(&reads, 0.0, fit.present as f64);
            features.push(count.finish(vector.column.clone(), reads));
            at += width + usize::from(vector.missing);
        }
        features
    }
}

/// The statistics of a dense value that takes these values, ascending, in a sample of the rows that have one.
fn dense(
    at: usize,
    has_missing: bool,
    missing: u64,
    present: u64,
    (name, values): (&str, &[(f32, u64)]),
) -> FeatureStatistics {
    let reads = Reads::dense(at, has_missing.then_some(at + 1), values);
    let sampled: u64 = values.iter().map(|&(_, count)| count).sum();
    let weight = present as f64 / sampled.max(1) as f64;
    let mut count = Count::default();
    values.iter().for_each(|&(value, times)| count.value(&reads, value, times as f64 * weight));
    count.missing(missing as f64);
    count.finish(name.to_owned(), reads)
}

impl super::seen::CutFit {
    /// Rows of the sampled numbers, weighted so that they stand for all, and of the missing ones.
    fn rows<'r>(&'r self, rows: &'r TableRows) -> impl Iterator<Item = (u32, f64)> + 'r {
        let sorted = self.sample.sorted();
        let weight = self.present as f64 / sorted.len().max(1) as f64;
        let row = move |x: f64| match rows {
            TableRows::Cuts(cuts) => cuts.row(x).unwrap_or(0),
            _ => 0,
        };
        sorted.into_iter().map(move |x| (row(x), weight)).chain([(0, self.missing as f64)])
    }
}
