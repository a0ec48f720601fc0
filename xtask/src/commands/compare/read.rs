//! Per-unit files, joined by unit.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use slatewise_eval::comparison::{Aligned, UnitTable};

/// A column that says how many rows a unit has.
const ROWS: &str = "rows";

/// One file of A joined with the same of B.
pub(super) struct Joined {
    /// What its keys begin with: empty, or the file's stem and a slash.
    pub(super) prefix: String,
    pub(super) aligned: Aligned,
}

/// Joins two files, or the files of two run directories; with remarks on the files that only one side has.
pub(super) fn join(a: &Path, b: &Path) -> Result<(Vec<Joined>, Vec<String>)> {
    match (a.is_dir(), b.is_dir()) {
        (false, false) => Ok((vec![join_files(a, b, String::new())?], Vec::new())),
        (true, true) => join_directories(a, b),
        (true, false) => {
            bail!("{} is a folder and {} is not; pass two run directories or two files", a.display(), b.display())
        }
        (false, true) => {
            bail!("{} is a folder and {} is not; pass two run directories or two files", b.display(), a.display())
        }
    }
}

fn join_directories(a: &Path, b: &Path) -> Result<(Vec<Joined>, Vec<String>)> {
    let (names_a, names_b) = (unit_files(a)?, unit_files(b)?);
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut joined = Vec::new();
    for name in names_a.intersection(&names_b) {
        let file = |run: &Path| run.join("units").join(name);
        let stem = name.strip_suffix(".csv").unwrap_or(name);
        joined.push(join_files(&file(a), &file(b), format!("{stem}/"))?);
    }
    if joined.is_empty() {
        bail!(
            "the two runs have no file of units/ in common; A has {}; B has {}; compare runs of the same tasks",
            list(&names_a),
            list(&names_b)
        );
    }
    let only = |side: &str, name: &String| format!("units/{name}: only {side} has it; it is not compared");
    let lonely = names_a.difference(&names_b).map(|name| only("A", name));
    Ok((joined, lonely.chain(names_b.difference(&names_a).map(|name| only("B", name))).collect()))
}

/// Names of the CSV files under `units/` of a run directory.
fn unit_files(run: &Path) -> Result<BTreeSet<String>> {
    let folder = run.join("units");
    let entries = fs::read_dir(&folder).with_context(|| {
        format!("{}: cannot read it; pass run directories that hold units/*.csv, or two files", folder.display())
    })?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.with_context(|| folder.display().to_string())?.file_name();
        names.extend(name.to_str().filter(|name| name.ends_with(".csv")).map(str::to_owned));
    }
    if names.is_empty() {
        bail!("{}: holds no .csv file; train the run again, or pass two files", folder.display());
    }
    Ok(names)
}

fn join_files(a: &Path, b: &Path, prefix: String) -> Result<Joined> {
    let (table_a, table_b) = (read(a)?, read(b)?);
    let mut aligned = table_a.align(&table_b).with_context(|| format!("{} and {}", a.display(), b.display()))?;
    for pairs in &mut aligned.metrics {
        pairs.name.insert_str(0, &prefix);
    }
    Ok(Joined { prefix, aligned })
}

/// Reads one file: the first column is the unit, the others are metrics.
fn read(path: &Path) -> Result<UnitTable> {
    let shown = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .with_context(|| format!("{shown}: cannot open it; check the path"))?;
    let header = reader.headers().with_context(|| shown.to_string())?.clone();
    if header.len() < 2 {
        bail!(
            "{shown}: the header needs a unit and at least one metric, separated by commas; it has {} columns",
            header.len()
        );
    }
    let names: Vec<&str> = header.iter().skip(1).collect();
    if let Some(twice) = names.iter().enumerate().find_map(|(i, name)| names[..i].contains(name).then_some(name)) {
        bail!("{shown}: the header has `{twice}` twice; rename one of them");
    }
    let mut units = Vec::new();
    let mut columns: Vec<Vec<Option<f64>>> = vec![Vec::new(); names.len()];
    let mut line_of: HashMap<String, u64> = HashMap::new();
    for row in reader.records() {
        let row = row.with_context(|| shown.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let unit = row.get(0).unwrap_or_default().to_owned();
        if unit.is_empty() {
            bail!("{shown}, line {line}: the unit is empty; give each row the id of its unit");
        }
        if let Some(first) = line_of.insert(unit.clone(), line) {
            bail!("{shown}, line {line}: unit `{unit}` stands in line {first} already; keep one row per unit");
        }
        for ((column, name), cell) in columns.iter_mut().zip(&names).zip(row.iter().skip(1)) {
            let Some(value) = value(cell) else {
                bail!(
                    "{shown}, line {line}, column `{name}`: `{cell}` is no finite number; leave the cell empty where \
                     the metric is undefined"
                );
            };
            column.push(value);
        }
        units.push(unit);
    }
    if units.is_empty() {
        bail!("{shown}: there are no rows below the header; write one per unit");
    }
    let metrics = names.into_iter().map(str::to_owned).zip(columns).filter(|(name, _)| name != ROWS).collect();
    UnitTable::new(units, metrics).with_context(|| shown.to_string())
}

/// A cell's value, `Some(None)` where it is empty, none where it is no finite number.
fn value(cell: &str) -> Option<Option<f64>> {
    if cell.is_empty() {
        return Some(None);
    }
    cell.parse().ok().filter(|value: &f64| value.is_finite()).map(Some)
}
