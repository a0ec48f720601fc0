//! Rows of all kinds of cells, written as CSV and as Parquet with the types that logs are written with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Csv,
    Parquet,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) city: Option<String>,
    pub(crate) item: Option<i64>,
    pub(crate) age: Option<f64>,
    pub(crate) price: Option<f64>,
    pub(crate) time: Option<i64>,
    pub(crate) member: Option<bool>,
    pub(crate) picture: Option<[f32; 3]>,
    pub(crate) user: Option<i64>,
    pub(crate) click: Option<i32>,
    pub(crate) spent: Option<f64>,
}

const SCHEMA: &str = "message rows {
    OPTIONAL BYTE_ARRAY city (STRING);
    OPTIONAL INT64 item;
    OPTIONAL DOUBLE age;
    OPTIONAL DOUBLE price;
    OPTIONAL INT64 time;
    OPTIONAL BOOLEAN member;
    OPTIONAL GROUP picture (LIST) { REPEATED GROUP list { OPTIONAL FLOAT element; } }
    OPTIONAL INT64 user;
    OPTIONAL INT32 click (INTEGER(8, true));
    OPTIONAL DOUBLE spent;
}";

impl Row {
    /// Its cells as text.
    pub(crate) fn texts(&self) -> Vec<(&'static str, String)> {
        fn of<T: ToString>(value: Option<&T>) -> String {
            value.map(T::to_string).unwrap_or_default()
        }
        vec![
            ("city", of(self.city.as_ref())),
            ("item", of(self.item.as_ref())),
            ("age", of(self.age.as_ref())),
            ("price", of(self.price.as_ref())),
            ("time", of(self.time.as_ref())),
            ("member", of(self.member.as_ref())),
            ("picture", self.picture.map(|[a, b, c]| format!("[{a}, {b},{c}]")).unwrap_or_default()),
            ("user", of(self.user.as_ref())),
            ("click", of(self.click.as_ref())),
            ("spent", of(self.spent.as_ref())),
        ]
    }
}

/// Rows of texts as CSV.
pub(crate) fn csv(rows: &[Vec<(&'static str, String)>]) -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    let header = rows[0].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
    let line = |row: &Vec<(&str, String)>| row.iter().map(|(_, text)| quoted(text)).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = std::iter::once(header).chain(rows.iter().map(line)).collect();
    lines.join("\n") + "\n"
}

/// Writes rows into a folder.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    rows: &[Row],
    format: Format,
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    match format {
        Format::Csv => {
            let path = folder.join(format!("{name}.csv"));
            std::fs::write(&path, csv(&rows.iter().map(Row::texts).collect::<Vec<_>>()))?;
            Ok(path)
        }
        Format::Parquet => {
            let path = folder.join(format!("{name}.parquet"));
            let properties = Arc::new(WriterProperties::builder().build());
            let schema = Arc::new(parse_message_type(SCHEMA)?);
            let mut writer = SerializedFileWriter::new(std::fs::File::create(&path)?, schema, properties)?;
            let mut group = writer.next_row_group()?;
            group_of(&mut group, rows)?;
            group.close()?;
            writer.close()?;
            Ok(path)
        }
    }
}

fn group_of(group: &mut SerializedRowGroupWriter<'_, std::fs::File>, rows: &[Row]) -> Outcome {
    column::<ByteArrayType>(group, rows.iter().map(|row| row.city.as_deref().map(ByteArray::from)))?;
    column::<Int64Type>(group, rows.iter().map(|row| row.item))?;
    column::<DoubleType>(group, rows.iter().map(|row| row.age))?;
    column::<DoubleType>(group, rows.iter().map(|row| row.price))?;
    column::<Int64Type>(group, rows.iter().map(|row| row.time))?;
    column::<BoolType>(group, rows.iter().map(|row| row.member))?;
    let (mut values, mut levels, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row.picture {
            Some(picture) => {
                values.extend(picture);
                levels.extend([3; 3]);
                repeats.extend([0, 1, 1]);
            }
            None => {
                levels.push(0);
                repeats.push(0);
            }
        }
    }
    let mut lists = group.next_column()?.ok_or("no further column")?;
    lists.typed::<FloatType>().write_batch(&values, Some(&levels), Some(&repeats))?;
    lists.close()?;
    column::<Int64Type>(group, rows.iter().map(|row| row.user))?;
    column::<Int32Type>(group, rows.iter().map(|row| row.click))?;
    column::<DoubleType>(group, rows.iter().map(|row| row.spent))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, std::fs::File>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Outcome {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let mut column = group.next_column()?.ok_or("no further column")?;
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(column.close().map(|_| ())?)
}
