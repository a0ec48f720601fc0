//! [`infer`]: a mapping proposed by looking at the first 100,000 rows, with a note on every choice, for a person to correct.
//!
//! ```text
//! session,events                                         explode = "events"
//! {"session":0,"events":[{"aid":1517085,            ──▶  session = "session"       # called session
//!   "ts":1659304800025,"type":"clicks"}, …]}             item = "events.aid"       # called aid
//!                                                        time = { column = "events.ts", unit = "milliseconds" }
//!                                                        [[feedback]] name = "click", column = "events.type", values = ["clicks"]
//! ```
//!
//! Roles are told by name and content together: a column called `position` is one if it holds whole numbers up to 65535.
//! Nothing is guessed in silence, and what cannot be told (which columns are known before the outcome) is said in the notes.

mod feedback;
mod names;
mod profile;
mod propose;
mod toml;

use std::path::PathBuf;

use self::profile::Profile;
use super::error::LogError;
use super::read::LogReader;
use super::schema::{CsvSpec, Schema};

/// Rows looked at.
const ROWS: usize = 100_000;

/// A mapping to begin with.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The mapping.
    pub schema: Schema,
    /// Why each part was chosen, and what could not be told.
    pub notes: Vec<String>,
}

impl Proposal {
    /// The mapping as a `[schema]` table, the notes as comments above it.
    pub fn to_toml(&self) -> String {
        toml::write(self)
    }
}

/// Proposes a mapping for files, folders or patterns.
///
/// # Errors
/// If the files cannot be found or read, or hold no row.
pub fn infer(files: &[PathBuf]) -> Result<Proposal, LogError> {
    let mut notes = Vec::new();
    let opened = open(files, &mut notes)?;
    let Opened { mut reader, csv, explode } = opened;
    let columns = reader.columns().to_vec();
    let wanted: Vec<(String, String)> = columns.iter().map(|name| (name.clone(), "infer".to_owned())).collect();
    reader.want(&wanted)?;
    let mut profiles: Vec<Profile> = columns.iter().map(|name| Profile::new(name)).collect();
    let (mut rows, mut torn) = (0, 0);
    while rows < ROWS
        && let Some(chunk) = reader.next_chunk()?
    {
        let block = reader.parse(chunk);
        let first = block.rows.min(ROWS - rows);
        profiles.iter_mut().enumerate().for_each(|(column, profile)| profile.add(&block, column, first));
        rows += first;
        torn += block.rejected.len();
    }
    if rows == 0 {
        let mend =
            "the files hold no row that can be taken apart; declare schema.csv.delimiter or schema.format".to_owned();
        return Err(LogError::NoRows { what: "infer".to_owned(), read: torn as u64, mend });
    }
    notes.insert(0, format!("told from the first {rows} rows of {}", reader.files()[0].display()));
    if torn > 0 {
        notes.push(format!("{torn} rows could not be taken apart; `data check` says why"));
    }
    let mut schema = empty(files);
    (schema.csv, schema.explode) = (csv, explode);
    propose::propose(&mut schema, &profiles, &mut notes);
    if schema.time.is_none() && schema.user.is_none() && schema.session.is_none() {
        schema.rules.duplicates = super::schema::Duplicates::Keep;
        notes.push(
            "rules.duplicates: keep: no column says who or when, so equal rows may be different people".to_owned(),
        );
    }
    Ok(Proposal { schema, notes })
}

fn empty(files: &[PathBuf]) -> Schema {
    Schema {
        files: files.to_vec(),
        format: None,
        csv: CsvSpec::default(),
        explode: None,
        unpack: Vec::new(),
        missing: Vec::new(),
        user: None,
        item: None,
        session: None,
        time: None,
        surface: None,
        position: None,
        propensity: None,
        price: None,
        context: Vec::new(),
        item_attributes: Vec::new(),
        feedback: Vec::new(),
        columns: std::collections::BTreeMap::new(),
        only_declared: false,
        tables: Vec::new(),
        rules: super::schema::LogRules::default(),
        privacy: None,
    }
}

/// An opened log, and what had to be declared to open it.
struct Opened {
    reader: LogReader,
    csv: CsvSpec,
    explode: Option<String>,
}

fn open(files: &[PathBuf], notes: &mut Vec<String>) -> Result<Opened, LogError> {
    let csv = CsvSpec::default();
    let reader = match LogReader::open(files, None, &csv, None, &[]) {
        Ok(reader) => reader,
        Err(LogError::File { problem, .. }) if problem.contains("looks like data") => return headerless(files, notes),
        Err(error) => return Err(error),
    };
    // Hardly a column is called by a number: then the first line is a row.
    if reader.columns().iter().any(|name| fast_float2::parse::<f64, _>(name).is_ok()) {
        return headerless(files, notes);
    }
    for list in reader.lists().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let exploded = LogReader::open(files, None, &csv, Some(&list), &[]);
        if let Ok(exploded) = exploded
            && exploded.columns().iter().any(|name| name.starts_with(&format!("{list}.")))
        {
            notes.push(format!("explode: `{list}` is a list of objects, each of which becomes a row"));
            return Ok(Opened { reader: exploded, csv, explode: Some(list) });
        }
    }
    Ok(Opened { reader, csv, explode: None })
}

/// A file whose first line is a row: its columns are called by their places.
fn headerless(files: &[PathBuf], notes: &mut Vec<String>) -> Result<Opened, LogError> {
    let width = width(files)?;
    let csv = CsvSpec { header: (1..=width).map(|place| format!("column_{place}")).collect(), ..CsvSpec::default() };
    notes.push(format!(
        "csv.header: the first line looks like a row; its {width} columns are called by their places: rename them"
    ));
    let reader = LogReader::open(files, None, &csv, None, &[])?;
    Ok(Opened { reader, csv, explode: None })
}

/// The number of cells of the first line.
fn width(files: &[PathBuf]) -> Result<usize, LogError> {
    let csv = CsvSpec { header: vec!["column_1".to_owned()], ..CsvSpec::default() };
    let mut reader = LogReader::open(files, None, &csv, None, &[])?;
    reader.want(&[("column_1".to_owned(), "infer".to_owned())])?;
    while let Some(chunk) = reader.next_chunk()? {
        if let Some(row) = reader.parse(chunk).rejected.first() {
            let cells = |delimiter: u8| {
                let mut csv = ::csv::ReaderBuilder::new();
                let mut csv = csv.delimiter(delimiter).has_headers(false).flexible(true).from_reader(&row.raw[..]);
                csv.byte_records().next().and_then(Result::ok).map_or(0, |row| row.len())
            };
            return Ok(b",;\t|".iter().map(|delimiter| cells(*delimiter)).max().unwrap_or(1));
        }
    }
    Ok(1)
}
