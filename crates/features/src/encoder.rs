//! `FeatureEncoder`: a fitted `FeatureSpec`, the same object at training and at serving.
//!
//! ```text
//! FeatureSpec ── fit(train rows) ──▶ FeatureEncoder ── encode(request, candidates) ──▶ FeatureBatch
//! ```
//!
//! Fitting counts, over the train rows only, which values occur (an embedding row each; everything else is row 0) and the mean and deviation of each number. Encoding is a pure function of the request and the candidates, so a row encoded from a log and the same row encoded from a live request are equal bit for bit.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use slatewise_data::{Catalogue, ImpressionLog};

use crate::batch::{FeatureBatch, FeatureLayout, FieldLayout, TableLayout};
use crate::error::Error;
use crate::resolve::{Domain, Source, Value, resolve};
use crate::session::SessionSoFar;
use crate::spec::{FeatureSpec, Transform};

/// What is known when items are about to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request<'a> {
    /// Code per context column, in the order of `ImpressionLog::context`.
    pub context: &'a [u32],
    /// Days since 1970-01-01.
    pub day: i32,
    /// Items clicked so far in the session, the last one last.
    pub history: &'a [u32],
}

/// A fitted `FeatureSpec`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureEncoder {
    tables: Vec<Table>,
    fields: Vec<Field>,
    dense: Vec<Dense>,
    items: usize,
    listings: usize,
    train_rows: u64,
}

/// An embedding table's vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Table {
    name: String,
    width: usize,
    domain: Domain,
    /// Embedding row per raw code; 0 is "unknown or absent".
    row_of: Vec<u32>,
    rows: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Field {
    name: String,
    source: Source,
    table: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Dense {
    name: String,
    value: Value,
    transform: Transform,
    mean: f64,
    deviation: f64,
}

/// One line of "what was fitted", for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedFeature {
    /// The feature's name.
    pub name: String,
    /// `categorical` or `dense`.
    pub kind: &'static str,
    /// Embedding rows and width, or mean and deviation.
    pub detail: String,
}

impl FeatureEncoder {
    /// Fits a declaration on the rows of the train sessions.
    ///
    /// # Errors
    /// A name that is not in the log, a table shared by different domains, a bad setting, or no train rows.
    pub fn fit(spec: &FeatureSpec, log: &ImpressionLog, train: Range<u32>) -> Result<Self, Error> {
        let mut encoder = Self::unfitted(spec, log)?;
        let mut counts: Vec<Vec<u64>> = encoder.tables.iter().map(|t| vec![0; t.row_of.len()]).collect();
        let mut moments = vec![Moments::default(); encoder.dense.len()];
        for_each_slate(log, train, |request, candidates| {
            let session = SessionSoFar::new(&log.catalogue, request);
            for &item in candidates {
                encoder.train_rows += 1;
                for field in &encoder.fields {
                    if let Some(code) = field.source.code(&log.catalogue, &session, item) {
                        counts[field.table][code as usize] += 1;
                    }
                }
                for (dense, moments) in encoder.dense.iter().zip(&mut moments) {
                    if let Some(x) = dense.value.number(&log.catalogue, &session, item) {
                        moments.push(dense.transform.apply(x));
                    }
                }
            }
        });
        if encoder.train_rows == 0 {
            return Err(Error::NoTrainRows);
        }
        for (table, counts) in encoder.tables.iter_mut().zip(&counts) {
            table.fit(counts, spec.min_count);
        }
        for (dense, moments) in encoder.dense.iter_mut().zip(&moments) {
            if dense.transform != Transform::None {
                (dense.mean, dense.deviation) = moments.mean_and_deviation();
            }
        }
        Ok(encoder)
    }

    fn unfitted(spec: &FeatureSpec, log: &ImpressionLog) -> Result<Self, Error> {
        let resolved = resolve(spec, log)?;
        let mut tables: Vec<Table> = Vec::new();
        let mut fields = Vec::new();
        for (declared, source) in spec.categorical.iter().zip(resolved.categorical) {
            let domain = source.domain();
            let name = declared.table.as_ref().unwrap_or(&declared.name);
            let table = match tables.iter().position(|t| t.name == *name) {
                Some(index) if tables[index].domain == domain => index,
                Some(index) => {
                    return Err(Error::TableDomain {
                        feature: declared.name.clone(),
                        domain: domain.describe(log),
                        table: name.clone(),
                        held: tables[index].domain.describe(log),
                    });
                }
                None => {
                    let width = spec.width.get(name).copied().unwrap_or(spec.default_width);
                    let row_of = vec![0; domain.size(log)];
                    tables.push(Table { name: name.clone(), width, domain, row_of, rows: 1 });
                    tables.len() - 1
                }
            };
            fields.push(Field { name: declared.name.clone(), source, table });
        }
        if let Some(name) = spec.width.keys().find(|name| !tables.iter().any(|t| t.name == **name)) {
            let known: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
            let problem = format!("there is no such table (there are: {}); mend the name", known.join(", "));
            return Err(Error::BadSetting { feature: format!("width.{name}"), problem });
        }
        let dense = spec.dense.iter().zip(resolved.dense).map(|(declared, value)| Dense {
            name: declared.name.clone(),
            value,
            transform: declared.transform,
            mean: 0.0,
            deviation: 1.0,
        });
        Ok(Self {
            tables,
            fields,
            dense: dense.collect(),
            items: log.catalogue.len(),
            listings: log.catalogue.listings.len(),
            train_rows: 0,
        })
    }

    /// Appends one row per candidate item to `out`.
    ///
    /// # Shapes
    /// `candidates [C]` → `out.ids` grows by `[C, F]`, `out.dense` by `[C, D]`.
    pub fn encode(&self, catalogue: &Catalogue, request: &Request<'_>, candidates: &[u32], out: &mut FeatureBatch) {
        let session = SessionSoFar::new(catalogue, request);
        for &item in candidates {
            self.encode_row(catalogue, &session, item, out);
        }
    }

    pub(crate) fn encode_row(
        &self,
        catalogue: &Catalogue,
        session: &SessionSoFar<'_>,
        item: u32,
        out: &mut FeatureBatch,
    ) {
        for field in &self.fields {
            let code = field.source.code(catalogue, session, item);
            out.ids.push(code.map_or(0, |code| self.tables[field.table].row_of[code as usize]));
        }
        for dense in &self.dense {
            out.dense.push(dense.encode(dense.value.number(catalogue, session, item)));
        }
        out.rows += 1;
    }

    /// Tables, fields and dense names, for the model.
    pub fn layout(&self) -> FeatureLayout {
        let tables = self.tables.iter().map(|t| TableLayout { name: t.name.clone(), rows: t.rows, width: t.width });
        let fields = self.fields.iter().map(|f| FieldLayout { name: f.name.clone(), table: f.table });
        let dense = self.dense.iter().map(|d| d.name.clone());
        FeatureLayout { tables: tables.collect(), fields: fields.collect(), dense: dense.collect() }
    }

    /// Number of train rows that the encoder was fitted on.
    pub fn train_rows(&self) -> u64 {
        self.train_rows
    }

    /// One line per feature: what was fitted.
    pub fn summary(&self) -> Vec<FittedFeature> {
        let categorical = self.fields.iter().map(|field| {
            let table = &self.tables[field.table];
            let detail = format!("table {}: {} rows × {}", table.name, table.rows, table.width);
            FittedFeature { name: field.name.clone(), kind: "categorical", detail }
        });
        let dense = self.dense.iter().map(|dense| {
            let detail = match dense.transform {
                Transform::None => "as it is".to_owned(),
                Transform::Standard => format!("mean {:.3}, deviation {:.3}", dense.mean, dense.deviation),
                Transform::LogStandard => {
                    format!("ln(1 + x): mean {:.3}, deviation {:.3}", dense.mean, dense.deviation)
                }
            };
            FittedFeature { name: dense.name.clone(), kind: "dense", detail }
        });
        categorical.chain(dense).collect()
    }

    /// Checks that a catalogue is the one of the fitting, by its sizes.
    ///
    /// # Errors
    /// Another number of items or listings.
    pub fn check_catalogue(&self, catalogue: &Catalogue) -> Result<(), Error> {
        let pairs = [("items", self.items, catalogue.len()), ("listings", self.listings, catalogue.listings.len())];
        for (what, fitted, found) in pairs {
            if fitted != found {
                return Err(Error::ForeignCatalogue { what, fitted, found });
            }
        }
        Ok(())
    }
}

/// Calls `visit` with the request and the items of every slate of the sessions, in order.
fn for_each_slate(log: &ImpressionLog, sessions: Range<u32>, mut visit: impl FnMut(&Request<'_>, &[u32])) {
    let mut context = Vec::with_capacity(log.context.len());
    for session in sessions {
        context.clear();
        context.extend(log.context.iter().map(|column| column.code[session as usize]));
        let choices = log.choices_of(session);
        for (step, slate) in log.slates_of(session).enumerate() {
            let day = log.session_day[session as usize];
            let rows = log.impressions_of(slate);
            let request = Request { context: &context, day, history: &choices[..step] };
            visit(&request, &log.item[rows.start as usize..rows.end as usize]);
        }
    }
}

impl Table {
    fn fit(&mut self, counts: &[u64], min_count: u64) {
        for (row, &count) in self.row_of.iter_mut().zip(counts) {
            *row = 0;
            if count >= min_count.max(1) {
                *row = self.rows as u32;
                self.rows += 1;
            }
        }
    }
}

impl Dense {
    fn encode(&self, number: Option<f64>) -> f32 {
        number.map_or(0.0, |x| ((self.transform.apply(x) - self.mean) / self.deviation) as f32)
    }
}

impl Transform {
    fn apply(self, x: f64) -> f64 {
        match self {
            Self::None | Self::Standard => x,
            Self::LogStandard => x.ln_1p(),
        }
    }
}

/// Running mean and variance (Welford 1962), steady where the plain sums of squares are not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(crate) fn push(&mut self, x: f64) {
        self.count += 1.0;
        let delta = x - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (x - self.mean);
    }

    /// A constant has no deviation to divide by: it keeps 1.
    pub(crate) fn mean_and_deviation(&self) -> (f64, f64) {
        let variance = if self.count > 0.0 { self.squares / self.count } else { 0.0 };
        (self.mean, if variance > 1e-12 { variance.sqrt() } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn moments_are_those_of_the_textbook() {
        let mut moments = Moments::default();
        for x in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.push(x);
        }
        assert_eq!(moments.mean_and_deviation(), (5.0, 2.0));
    }

    #[test]
    fn a_constant_keeps_deviation_one() {
        let mut moments = Moments::default();
        moments.push(3.0);
        moments.push(3.0);
        assert_eq!(moments.mean_and_deviation(), (3.0, 1.0));
    }
}
