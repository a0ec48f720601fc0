//! Errors of files as a whole, each one line with the mend.

use std::io;
use std::path::Path;

use super::super::error::LogError;

/// A file that cannot be used.
pub(super) fn file(path: &Path, problem: impl Into<String>, mend: impl Into<String>) -> LogError {
    LogError::File { path: path.to_path_buf(), problem: problem.into(), mend: mend.into() }
}

/// A file that cannot be opened or read.
pub(super) fn io(path: &Path, source: io::Error) -> LogError {
    let mend = match source.kind() {
        io::ErrorKind::NotFound => "mend the path in schema.files",
        io::ErrorKind::PermissionDenied => "allow it with chmod, or name a copy",
        _ => "check the disk and try again",
    };
    LogError::Io { path: path.to_path_buf(), action: "cannot read it", source, mend }
}

/// A foreign message on one line.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Longest list of names in a message.
const MOST_NAMES: usize = 30;

/// Names for a message, cut where there are very many.
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown: Vec<String> = names.take(MOST_NAMES).map(|name| name.escape_debug().to_string()).collect();
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// ", did you mean `…`?" or nothing.
pub(super) fn hint<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    crate::nearest::nearest(wanted, known).map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}
