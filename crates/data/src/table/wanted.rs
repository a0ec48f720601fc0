//! `Wanted`: which columns to read, and as what.

use super::error::TableError;
use crate::nearest::nearest;
use std::path::Path;

use super::place::shown;

/// What a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A number per row; an empty cell is an error.
    #[default]
    Number,
    /// A number per row, NaN where the cell is empty or null, as pandas writes it.
    NumberOrEmpty,
    /// An id per row, as text.
    Id,
    /// An id per row, the empty text where the cell is empty or null.
    IdOrEmpty,
    /// So many numbers per row, NaN in all of them where the cell, the list or its text is empty or null.
    Vector(u32),
}

impl Kind {
    /// Whether codes are read, with a text each.
    pub fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::IdOrEmpty)
    }

    /// What the column is read as, in words.
    #[cfg(feature = "parquet")]
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Number | Self::NumberOrEmpty => "numbers",
            Self::Id | Self::IdOrEmpty => "ids",
            Self::Vector(_) => "vectors",
        }
    }
}

/// A column to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Its name in the header.
    pub name: &'a str,
    /// What to read it as.
    pub kind: Kind,
}

impl<'a> Wanted<'a> {
    /// A column of numbers.
    pub fn number(name: &'a str) -> Self {
        Self { name, kind: Kind::Number }
    }

    /// A column of numbers, some of which may be missing: an empty cell, or a null, reads as NaN.
    pub fn number_or_empty(name: &'a str) -> Self {
        Self { name, kind: Kind::NumberOrEmpty }
    }

    /// A column of ids.
    pub fn id(name: &'a str) -> Self {
        Self { name, kind: Kind::Id }
    }

    /// A column of ids, some of which may be missing: an empty cell, or a null, reads as the empty text.
    pub fn id_or_empty(name: &'a str) -> Self {
        Self { name, kind: Kind::IdOrEmpty }
    }

    /// A column of vectors of `width` numbers: lists of Parquet, or text such as `[0.1, -2]`. An empty cell, a null and
    /// an empty list are a missing vector, all NaN.
    pub fn vector(name: &'a str, width: u32) -> Self {
        Self { name, kind: Kind::Vector(width) }
    }
}

/// Longest list of columns shown in a message, in characters.
const LONGEST_LIST: usize = 300;

/// The place of each wanted column in the header.
///
/// # Errors
/// The first wanted column that is missing or stands there more than once.
pub(super) fn places(wanted: &[Wanted<'_>], header: &[String], path: &Path) -> Result<Vec<usize>, TableError> {
    wanted.iter().map(|wanted| find(wanted.name, header, path)).collect()
}

fn find(name: &str, header: &[String], path: &Path) -> Result<usize, TableError> {
    let (path, column) = (path.to_path_buf(), name.to_owned());
    let mut places = (0..header.len()).filter(|&place| header[place] == name);
    match (places.next(), places.count()) {
        (Some(place), 0) => Ok(place),
        (Some(_), others) => Err(TableError::DuplicateColumn { path, column, times: 1 + others }),
        (None, _) => {
            let hint = match nearest(name, header.iter().map(String::as_str)) {
                Some(near) => format!("nearest: `{}`", shown(near)),
                None => "name one of the header's".to_owned(),
            };
            Err(TableError::MissingColumn { path, column, hint, header: list(header) })
        }
    }
}

fn list(header: &[String]) -> String {
    let list = header.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    match list.char_indices().nth(LONGEST_LIST) {
        Some((end, _)) => format!("{}…", &list[..end]),
        None => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places_in(header: &[&str], names: &[&str]) -> Result<Vec<usize>, String> {
        let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
        let wanted: Vec<_> = names.iter().map(|name| Wanted::id(name)).collect();
        places(&wanted, &header, Path::new("a.csv")).map_err(|error| error.to_string())
    }

    #[test]
    fn wanted_columns_are_found_in_any_order_and_more_than_once() {
        assert_eq!(places_in(&["a", "b", "c"], &["c", "a", "c"]), Ok(vec![2, 0, 2]));
    }

    #[test]
    fn a_missing_column_is_told_with_the_nearest_and_the_header() {
        assert_eq!(
            places_in(&["user", "score"], &["scores"]),
            Err("a.csv: no column `scores`; nearest: `score`; header: user, score".to_owned())
        );
        assert_eq!(
            places_in(&["user"], &["label"]),
            Err("a.csv: no column `label`; name one of the header's; header: user".to_owned())
        );
    }

    #[test]
    fn only_a_wanted_column_may_not_stand_twice() {
        assert_eq!(places_in(&["a", "a", "b"], &["b"]), Ok(vec![2]));
        assert_eq!(
            places_in(&["a", "b", "a"], &["a"]),
            Err("a.csv: column `a` stands 2 times in the header; rename all but one".to_owned())
        );
    }
}
