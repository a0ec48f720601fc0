//! The gates, asked of the parts of a split: leaks, drift, repetitions, rows of the future, propensities.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use slatewise_data::log::engine::{Engine, Parts};
use slatewise_data::log::schema::{Available, Role, TypedColumn, TypedKind, TypedSchema};
use slatewise_data::table::{TableError, TableReader, Wanted};
use slatewise_eval::gates::{
    self, Column, DriftConfig, Finding, Labels, MISSING, PropensityConfig, Severity, propensity,
};
use slatewise_features::tabular::TableTask;

use super::config::{MappedConfig, OnLeak, SplitKind};
use crate::commands::train_mapped::may_be_feature;

/// Rows of a part that a gate looks at; of more, every n-th.
const MOST_ROWS: u64 = 500_000;

/// Rows per action from which it is asked whether propensities calibrate.
const ROWS_PER_ACTION: usize = 100;
/// The gate that looks at labels alone.
const LABEL: &str = "label";

/// A column of a part, read whole or every n-th row of it.
enum Values {
    Numbers(Vec<f64>),
    Codes { codes: Vec<u32>, names: Vec<String> },
}

impl Values {
    fn column(&self) -> Column<'_> {
        match self {
            Self::Numbers(numbers) => Column::Number(numbers),
            Self::Codes { codes, .. } => Column::Category(codes),
        }
    }

    /// The rows that are wanted.
    fn kept(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(rows.iter().map(|&row| numbers[row]).collect()),
            Self::Codes { codes, names } => {
                Self::Codes { codes: rows.iter().map(|&row| codes[row]).collect(), names: names.clone() }
            }
        }
    }

    /// The same values by another part's codes; what that part never had gets codes of its own.
    fn recoded(self, other: &Self) -> Self {
        let (Self::Codes { codes, names }, Self::Codes { names: known, .. }) = (&self, other) else { return self };
        let code_of: HashMap<&str, u32> = known.iter().zip(0..).map(|(name, code)| (name.as_str(), code)).collect();
        let new = known.len() as u32..;
        let mut meaning: Vec<u32> = Vec::with_capacity(names.len());
        let mut new = new.into_iter();
        for name in names {
            let code = code_of.get(name.as_str()).copied().or_else(|| new.next());
            meaning.push(code.unwrap_or(MISSING));
        }
        let code = |&code: &u32| meaning.get(code as usize).copied().unwrap_or(MISSING);
        Self::Codes { codes: codes.iter().map(code).collect(), names: Vec::new() }
    }
}

/// Asks every gate.
///
/// # Errors
/// A part that cannot be read, a threshold out of its range.
pub(crate) fn look(
    config: &MappedConfig,
    schema: &TypedSchema,
    tasks: &[TableTask],
    made: &[(SplitKind, Parts)],
    engine: &Engine,
) -> Result<Vec<Finding>> {
    let (_, parts) = &made[0];
    let mut findings = Vec::new();
    let columns: Vec<&TypedColumn> = schema
        .columns
        .iter()
        .filter(|column| {
            may_be_feature(config, column, &[]) && !matches!(column.kind, TypedKind::Vector | TypedKind::Time)
        })
        .collect();
    let labels: Vec<(&TableTask, Values)> = tasks
        .iter()
        .map(|task| Ok((task, label(&parts.train.path, parts.train.rows, task)?)))
        .collect::<Result<_>>()?;
    for (task, values) in &labels {
        findings.extend(one_sided(task, values));
    }
    for column in columns {
        let train = read(&parts.train.path, parts.train.rows, column)?;
        if column.available != Some(Available::Before) && !given(&column.role) {
            for (task, label) in &labels {
                findings.extend(leak(config, column, &train, task, label)?);
            }
        }
        let test = read(&parts.test.path, parts.test.rows, column)?.recoded(&train);
        findings.extend(gates::drift(&column.name, &train.column(), &test.column(), &DriftConfig::default())?);
    }
    let own = own_columns(config, schema);
    for (kind, parts) in made {
        findings.extend(across(*kind, parts, schema, (engine, &own))?);
    }
    findings.extend(propensities(schema, parts)?);
    Ok(findings)
}

/// A label of which train rows know nothing, or one answer alone.
fn one_sided(task: &TableTask, values: &Values) -> Option<Finding> {
    let Values::Numbers(label) = values else { return None };
    let mut known = label.iter().filter(|label| !label.is_nan());
    let first = known.next();
    let evidence = match first {
        None => format!("no train row has a label of `{}`", task.name),
        Some(first) if known.all(|label| label == first) => {
            format!("every label of `{}` in the train rows is {first}", task.name)
        }
        Some(_) => return None,
    };
    let mend = "look at the feedback's column and values in the schema, or take the task out".to_owned();
    Some(Finding { gate: LABEL, severity: Severity::Stop, column: Some(task.label.column.clone()), evidence, mend })
}

/// Whether a role alone says that a column is known before the outcome: without who, what, when and where there is no request.
fn given(role: &Role) -> bool {
    matches!(role, Role::User | Role::Item | Role::Time | Role::Surface | Role::Position | Role::Price)
}

/// One column against one label, where the label is known. What the schema calls a property of the item or of the situation may
/// well tell much: that is worth knowing, and stops nobody.
fn leak(
    config: &MappedConfig,
    column: &TypedColumn,
    values: &Values,
    task: &TableTask,
    label: &Values,
) -> Result<Vec<Finding>> {
    let Values::Numbers(label) = label else { return Ok(Vec::new()) };
    let known: Vec<usize> = (0..label.len()).filter(|&row| !label[row].is_nan()).collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let values = values.kept(&known);
    let described = matches!(column.role, Role::ItemAttribute | Role::Context);
    let mut found = match task.label.kind() {
        slatewise_features::tabular::LabelKind::Binary => {
            let yes: Vec<bool> = known.iter().map(|&row| label[row] > 0.5).collect();
            gates::leak(&column.name, &values.column(), &task.name, &Labels::Binary(&yes), &config.gates.leak)?
        }
        slatewise_features::tabular::LabelKind::Number => {
            let numbers: Vec<f64> = known.iter().map(|&row| label[row]).collect();
            gates::leak(&column.name, &values.column(), &task.name, &Labels::Number(&numbers), &config.gates.leak)?
        }
    };
    let severity = match config.gates.on_leak {
        _ if described => Severity::Notice,
        OnLeak::Stop => Severity::Stop,
        OnLeak::Drop | OnLeak::Warn => Severity::Warning,
    };
    found.iter_mut().for_each(|finding| finding.severity = severity);
    Ok(found)
}

/// The columns by which a row is told from another: derived ones tell equal rows apart, and times are another matter.
fn own_columns(config: &MappedConfig, schema: &TypedSchema) -> Vec<String> {
    let derived: Vec<String> = config.derive.columns().into_iter().map(|column| column.name).collect();
    let own = schema.columns.iter().filter(|column| {
        !matches!(column.kind, TypedKind::Time | TypedKind::Vector) && !derived.contains(&column.name)
    });
    own.map(|column| column.name.clone()).collect()
}

/// What one split says of itself: rows of the future, rows on both sides.
fn across(
    kind: SplitKind,
    parts: &Parts,
    schema: &TypedSchema,
    (engine, own): (&Engine, &[String]),
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if kind == SplitKind::Chronological && parts.future_rows_in_train > 0 {
        findings.push(Finding {
            gate: "future",
            severity: Severity::Stop,
            column: None,
            evidence: format!("{} train rows are later than the first row that judges", parts.future_rows_in_train),
            mend: "divide by time: split.order = \"time\"".to_owned(),
        });
    }
    let repeated = engine.duplicates_across(parts, schema, own)?;
    if repeated > 0 {
        let share = 100.0 * repeated as f64 / parts.test.rows as f64;
        findings.push(Finding {
            gate: "duplicates",
            severity: if share >= 1.0 { Severity::Warning } else { Severity::Notice },
            column: None,
            evidence: format!(
                "{repeated} test rows of the {} split ({share:.2} %) stand in train too, time aside",
                kind.name()
            ),
            mend: "drop repetitions (schema.rules.duplicates), or keep a user's rows together (split.group)".to_owned(),
        });
    }
    Ok(findings)
}

/// Logged propensities: do they calibrate, and do they move?
fn propensities(schema: &TypedSchema, parts: &Parts) -> Result<Vec<Finding>> {
    let role = |role: Role| schema.with_role(&role).next();
    let (Some(logged), Some(item)) = (role(Role::Propensity), role(Role::Item)) else { return Ok(Vec::new()) };
    let path = &parts.train.path;
    let Values::Numbers(probability) = read(path, parts.train.rows, logged)? else { return Ok(Vec::new()) };
    let Values::Codes { codes, names } = read(path, parts.train.rows, item)? else { return Ok(Vec::new()) };
    let position = match role(Role::Position) {
        Some(column) => match read(path, parts.train.rows, column)? {
            Values::Numbers(numbers) => {
                numbers.iter().map(|&place| if place.is_nan() { 0 } else { place as u32 }).collect()
            }
            Values::Codes { codes, .. } => codes,
        },
        None => Vec::new(),
    };
    // Below the first place a probability is often given what stands above it, and need not add up over the actions.
    let first = position.iter().min().copied();
    let at_first = |row: usize| first.is_none_or(|first| position[row] == first);
    let known: Vec<usize> = (0..probability.len())
        .filter(|&row| probability[row] > 0.0 && codes[row] != MISSING && at_first(row))
        .collect();
    let pick = |values: &[u32]| -> Vec<u32> { known.iter().filter_map(|&row| values.get(row).copied()).collect() };
    let probability: Vec<f64> = known.iter().map(|&row| probability[row]).collect();
    if probability.is_empty() {
        return Ok(Vec::new());
    }
    let calibrate = probability.len() >= ROWS_PER_ACTION * names.len();
    let config = PropensityConfig { calibrate, ..PropensityConfig::default() };
    let mut found = propensity(&pick(&codes), &probability, names.len(), &pick(&position), &config)?;
    // Training weights nothing by them, so that it may go on.
    found.iter_mut().for_each(|finding| finding.severity = finding.severity.min(Severity::Warning));
    Ok(found)
}

/// A column as numbers where it is one, else as codes.
fn read(path: &Path, rows: u64, column: &TypedColumn) -> Result<Values> {
    let number = matches!(column.kind, TypedKind::Number | TypedKind::Integer | TypedKind::Boolean | TypedKind::Time);
    read_as(path, rows, &column.name, number)
}

/// A task's label: 0 or 1, or a number; NaN where there is none.
fn label(path: &Path, rows: u64, task: &TableTask) -> Result<Values> {
    let Some(positive) = &task.label.positive else { return read_as(path, rows, &task.label.column, true) };
    Ok(match read_as(path, rows, &task.label.column, false)? {
        Values::Codes { codes, names } => {
            let yes = names.iter().position(|name| name == positive).map(|code| code as u32);
            let label = |&code: &u32| match code {
                MISSING => f64::NAN,
                code => f64::from(u8::from(Some(code) == yes)),
            };
            Values::Numbers(codes.iter().map(label).collect())
        }
        numbers @ Values::Numbers(_) => numbers,
    })
}

fn read_as(path: &Path, rows: u64, column: &str, number: bool) -> Result<Values> {
    let every = rows.div_ceil(MOST_ROWS).max(1) as usize;
    let wanted = if number { Wanted::number_or_empty(column) } else { Wanted::id_or_empty(column) };
    let (mut numbers, mut codes) = (Vec::new(), Vec::new());
    let names = TableReader::open(path)?.for_each_chunk(&[wanted], |chunk| {
        let rows = (0..chunk.rows()).filter(|row| (chunk.first_row() + row) % every == 0);
        match number {
            true => numbers.extend(rows.map(|row| chunk.number(0)[row])),
            false => codes.extend(rows.map(|row| chunk.id(0)[row])),
        }
        Ok::<(), TableError>(())
    })?;
    if number {
        return Ok(Values::Numbers(numbers));
    }
    let names = names.into_iter().next().unwrap_or_default();
    let empty = names.iter().position(String::is_empty).map(|code| code as u32);
    codes.iter_mut().filter(|code| Some(**code) == empty).for_each(|code| *code = MISSING);
    Ok(Values::Codes { codes, names })
}

/// What the mapping alone cannot do.
pub(crate) fn of_the_mapping(schema: &TypedSchema) -> Vec<Finding> {
    let has = |role: Role| schema.with_role(&role).next().is_some();
    let mut findings = Vec::new();
    let mut note = |evidence: &str, mend: &str| {
        let (evidence, mend) = (evidence.to_owned(), mend.to_owned());
        findings.push(Finding { gate: "mapping", severity: Severity::Notice, column: None, evidence, mend });
    };
    if !has(Role::Feedback) {
        note(
            "no column is mapped to feedback: nothing can be learned",
            "add [[schema.feedback]] with the label's column",
        );
    }
    if !has(Role::Time) {
        note(
            "no column is mapped to time: rows cannot be divided by it, and a random split flatters",
            "map schema.time, or declare split.order = \"row\" if the files are in the order of time",
        );
    }
    findings
}

/// What no config can wave through.
pub(crate) fn stops(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.severity == Severity::Stop && finding.gate != "leak")
}

/// The columns that give a label away, each once.
pub(crate) fn leaks(findings: &[Finding]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    let leaks = findings.iter().filter(|finding| finding.gate == "leak" && finding.severity >= Severity::Warning);
    for column in leaks.filter_map(|finding| finding.column.clone()) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// Why a run does not go on.
pub(crate) fn refusal(leaks: &[String], schema: &TypedSchema) -> String {
    let named: Vec<String> = leaks.iter().map(|column| format!("`{column}`")).collect();
    // The schema speaks of columns by their names in the file.
    let first = leaks.first().map_or("", String::as_str);
    let first = schema.column(first).map_or(first, |column| column.source.as_str());
    format!(
        "gates.leak: {} {} a label away almost alone (see above); say in the schema when it is known: [schema.columns.{first:?}] available = \"after\" leaves it out, available = \"before\" keeps it; or set gates.on_leak to \"drop\" or \"warn\"",
        named.join(", "),
        if leaks.len() == 1 { "gives" } else { "give" }
    )
}
