//! Which files `schema.files` means: files as they are, folders with all below them, patterns.
//!
//! Hidden files (a leading dot) and the markers that Spark and Hadoop leave (`_SUCCESS`, `_metadata`, …) are no data.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use super::super::error::LogError;
use super::failed;

/// Folders within folders beyond this depth are taken for a link that leads back.
const DEEPEST: usize = 64;

const MARKERS: [&str; 5] = ["_SUCCESS", "_metadata", "_common_metadata", "_committed_", "_started_"];

/// All files, in ascending order of their paths, each once.
pub(super) fn find(named: &[PathBuf]) -> Result<Vec<PathBuf>, LogError> {
    if named.is_empty() {
        return Err(LogError::config("schema.files", "[]", "name at least one file, folder or pattern"));
    }
    let mut found = BTreeSet::new();
    for path in named {
        if path.is_file() {
            found.insert(path.clone());
        } else if path.is_dir() {
            let before = found.len();
            folder(path, DEEPEST, &mut found)?;
            if found.len() == before && !found.iter().any(|file| file.starts_with(path)) {
                return Err(failed::file(
                    path,
                    "no file in this folder",
                    "name another folder, or put the files there",
                ));
            }
        } else if path.exists() {
            return Err(failed::file(path, "is neither a file nor a folder", "name a regular file"));
        } else if path.to_string_lossy().contains(['*', '?', '[']) {
            pattern(path, &mut found)?;
        } else {
            return Err(failed::file(path, "no such file or folder", "mend the path in schema.files"));
        }
    }
    Ok(found.into_iter().collect())
}

fn pattern(path: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), LogError> {
    let unusable = |problem: String| failed::file(path, problem, "mend the pattern in schema.files");
    let text = path.to_str().ok_or_else(|| unusable("the pattern is not UTF-8".to_owned()))?;
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let matches = glob::glob_with(text, options).map_err(|error| unusable(format!("no pattern: {error}")))?;
    let mut any = false;
    for matched in matches {
        let matched = matched.map_err(|error| {
            let path = error.path().to_path_buf();
            failed::io(&path, error.into())
        })?;
        if is_marker(&matched) {
            continue;
        }
        any = true;
        if matched.is_dir() {
            folder(&matched, DEEPEST, found)?;
        } else if matched.is_file() {
            found.insert(matched);
        }
    }
    if any { Ok(()) } else { Err(unusable("no file matches this pattern".to_owned())) }
}

fn folder(path: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) -> Result<(), LogError> {
    if depth == 0 {
        return Err(failed::file(path, "too many folders within folders", "is there a link that leads back?"));
    }
    let entries = std::fs::read_dir(path).map_err(|source| failed::io(path, source))?;
    for entry in entries {
        let inner = entry.map_err(|source| failed::io(path, source))?.path();
        if is_marker(&inner) {
            continue;
        }
        if inner.is_dir() {
            folder(&inner, depth - 1, found)?;
        } else if inner.is_file() {
            found.insert(inner);
        }
    }
    Ok(())
}

fn is_marker(path: &Path) -> bool {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    name.starts_with('.') || MARKERS.iter().any(|marker| name.starts_with(marker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_are_resolved_in_order() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let put = |name: &str| -> std::io::Result<PathBuf> {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
            std::fs::write(&path, "x")?;
            Ok(path)
        };
        let (b, a) = (put("in/b.csv")?, put("in/a.csv")?);
        let deep = put("in/deep/c.csv")?;
        put("in/.hidden.csv")?;
        put("in/_SUCCESS")?;
        put("in/.git/d.csv")?;
        let all = [a.clone(), b.clone(), deep.clone()];
        assert_eq!(find(&[root.path().join("in")])?, all);
        assert_eq!(find(&[b.clone(), root.path().join("in"), a.clone()])?, all);
        assert_eq!(find(&[root.path().join("in/*.csv")])?, [a.clone(), b]);
        assert_eq!(find(&[root.path().join("in/**/[ac].csv")])?, [a, deep]);

        let told = |name: &str| match find(&[root.path().join(name)]) {
            Ok(files) => format!("{files:?}"),
            Err(error) => error.to_string().replace(&*root.path().to_string_lossy(), "ROOT"),
        };
        assert_eq!(
            told("in/*.parquet"),
            "ROOT/in/*.parquet: no file matches this pattern; mend the pattern in schema.files"
        );
        assert_eq!(told("none.csv"), "ROOT/none.csv: no such file or folder; mend the path in schema.files");
        std::fs::create_dir(root.path().join("empty"))?;
        assert_eq!(told("empty"), "ROOT/empty: no file in this folder; name another folder, or put the files there");
        assert_eq!(
            find(&[]).map_err(|error| error.to_string()),
            Err("schema.files: []: name at least one file, folder or pattern".to_owned())
        );
        Ok(())
    }
}
