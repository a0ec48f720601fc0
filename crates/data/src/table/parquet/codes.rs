//! Columns of codes: whole numbers in the stead of texts, whose names stand once in the file's metadata.
//!
//! ```text
//! slatewise.codes:user_item_1 = item        slatewise.names:item = 2:u7 2:u3 …        column user_item_1: 1, 0, null, 1
//! ```
//!
//! Steps of one process hand such files to each other, so that no text is written, read or looked up once per row. As ids such a
//! column reads like the column of texts that it stands for.

use parquet::file::metadata::FileMetaData;
#[cfg(feature = "engine")]
use parquet::file::metadata::KeyValue;

#[cfg(feature = "engine")]
use super::super::interner::Interner;

const CODES: &str = "slatewise.codes:";
const NAMES: &str = "slatewise.names:";

/// What the metadata says of the names of a column.
#[cfg(feature = "engine")]
pub(crate) fn of_column(column: &str, names: &str) -> KeyValue {
    KeyValue::new(format!("{CODES}{column}"), names.to_owned())
}

/// The names themselves.
#[cfg(feature = "engine")]
pub(crate) fn names(called: &str, names: &Interner) -> KeyValue {
    KeyValue::new(format!("{NAMES}{called}"), names.packed())
}

/// The packed names of a column, if it is one of codes.
pub(super) fn find<'m>(metadata: &'m FileMetaData, column: &str) -> Option<&'m str> {
    let entries = metadata.key_value_metadata()?;
    let value = |prefix: &str, key: &str| {
        let found = entries.iter().find(|entry| entry.key.strip_prefix(prefix) == Some(key))?;
        found.value.as_deref()
    };
    value(NAMES, value(CODES, column)?)
}
