//! JSON lines: an object per line, its fields by dotted paths, one of its lists exploded into rows.

mod paths;
mod rows;
mod scan;

use std::collections::HashMap;

pub(super) use self::rows::JsonPlan;

use self::paths::Paths;
use self::rows::plain;
use self::scan::{Fault, Kind, Scan};
use super::super::error::LogError;
use super::input::Input;

/// Lines in which fields are looked for.
const SAMPLE: u64 = 1000;
/// Bytes that these lines may take.
const LONGEST_SAMPLE: usize = 1 << 24;

/// What is known of a JSON lines file from its first lines.
#[derive(Debug, Clone, Default)]
pub(super) struct JsonFile {
    /// The fields found, in the order in which they first stand.
    pub(super) fields: Vec<Field>,
    /// Whether the list to explode was found.
    pub(super) exploded: bool,
}

/// A field by its dotted path.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) path: String,
    /// Whether it ever holds a value that a cell can hold, or only null.
    pub(super) usable: bool,
}

impl JsonFile {
    /// Looks at the first lines; `None` for a file without any.
    pub(super) fn open(input: &mut Input, explode: Option<&str>) -> Result<Option<Self>, LogError> {
        let mut text = Vec::new();
        let mut target = input.first.len().max(1);
        loop {
            let ended = input.fill(&mut text, target, 1)?;
            let lines = super::lines::count(&text);
            if ended || lines >= SAMPLE || text.len() >= LONGEST_SAMPLE {
                break;
            }
            target = 2 * text.len();
        }
        if text.iter().all(|byte| b"\r\n".contains(byte)) {
            return Ok(None);
        }
        let mut sample = Sample { explode, ..Sample::default() };
        for line in text.split(|&byte| byte == b'\n').take(SAMPLE as usize) {
            // What is wrong with a line is told when it is read.
            if simdutf8::basic::from_utf8(line).is_ok() {
                let mut scan = Scan { text: line, at: 0 };
                if scan.peek() == b'{' {
                    let _ = sample.object(&mut scan, "", 0);
                }
            }
        }
        let exploded = sample.exploded;
        let seen = sample.fields.into_iter();
        let fields = seen.map(|(path, seen)| Field { path, usable: seen.value || !seen.other }).collect();
        Ok(Some(Self { fields, exploded }))
    }
}

/// What was seen of a field.
#[derive(Default)]
struct Seen {
    value: bool,
    other: bool,
}

#[derive(Default)]
struct Sample<'a> {
    explode: Option<&'a str>,
    exploded: bool,
    fields: Vec<(String, Seen)>,
    place: HashMap<String, usize>,
}

impl Sample<'_> {
    fn object(&mut self, scan: &mut Scan<'_>, prefix: &str, depth: u32) -> Result<(), Fault> {
        scan.enter(depth)?;
        let mut first = true;
        while scan.more(first, b'}', "`,` or `}`")? {
            first = false;
            let key = scan.key()?;
            let path = format!("{prefix}{}", String::from_utf8_lossy(&plain(scan.text, key)));
            self.value(scan, &path, depth + 1)?;
        }
        Ok(())
    }

    fn value(&mut self, scan: &mut Scan<'_>, path: &str, depth: u32) -> Result<(), Fault> {
        match scan.peek() {
            b'{' => return self.object(scan, &format!("{path}."), depth),
            b'[' if self.explode == Some(path) => {
                self.exploded = true;
                scan.enter(depth)?;
                let mut first = true;
                while scan.more(first, b']', "`,` or `]`")? {
                    first = false;
                    self.element(scan, path, depth + 1)?;
                }
                return Ok(());
            }
            _ => {}
        }
        let value = scan.value(depth)?;
        // What stands in the stead of the list is no field of its own.
        if self.explode != Some(path) {
            // An empty list says no more of a field than null does.
            let inside = &scan.text[value.start..value.end];
            let empty = matches!(inside, [b'[', rest @ .., b']'] if rest.trim_ascii().is_empty());
            self.note(
                path,
                if empty && value.kind == (Kind::List { numbers: true }) { Kind::Null } else { value.kind },
            );
        }
        Ok(())
    }

    fn element(&mut self, scan: &mut Scan<'_>, path: &str, depth: u32) -> Result<(), Fault> {
        if scan.peek() == b'{' {
            return self.object(scan, &format!("{path}."), depth);
        }
        let value = scan.value(depth)?;
        self.note(path, value.kind);
        Ok(())
    }

    fn note(&mut self, path: &str, kind: Kind) {
        let at = *self.place.entry(path.to_owned()).or_insert_with(|| {
            self.fields.push((path.to_owned(), Seen::default()));
            self.fields.len() - 1
        });
        let seen = &mut self.fields[at].1;
        match kind {
            Kind::Null => {}
            Kind::Object | Kind::List { numbers: false } => seen.other = true,
            Kind::Boolean | Kind::Number | Kind::Text { .. } | Kind::List { numbers: true } => seen.value = true,
        }
    }
}

impl JsonPlan {
    /// Finds the cells of these names, in their order.
    pub(super) fn new(names: Vec<String>, explode: Option<&str>) -> Self {
        let inside = |name: &str| -> Option<String> {
            let rest = name.strip_prefix(explode?)?;
            if rest.is_empty() { Some(String::new()) } else { rest.strip_prefix('.').map(str::to_owned) }
        };
        let within: Vec<Option<String>> = names.iter().map(|name| inside(name)).collect();
        let named = names.iter().zip(&within).enumerate();
        let outer = named.filter(|(_, (_, within))| within.is_none()).map(|(cell, (name, _))| (cell, name.as_str()));
        let outer = Paths::new(outer, explode);
        let inner = explode.map(|_| {
            let fields = within.iter().enumerate().filter_map(|(cell, path)| Some((cell, path.as_deref()?)));
            let itself = within.iter().position(|path| path.as_deref() == Some(""));
            (Paths::new(fields.filter(|(_, path)| !path.is_empty()), None), itself)
        });
        let within = within.iter().map(Option::is_some).collect();
        Self { names, outer, inner, within }
    }
}
