//! `JsonPlan`: a piece of JSON lines taken apart, one object per line.
//!
//! ```text
//! {"session": 7, "events": [{"aid": 1}, {"aid": 2}]}      explode = "events"
//! outer cells  session = 7
//! inner cells  events.aid = 1 │ events.aid = 2            a row each
//! ```

use std::ops::Range;

use memchr::memchr;

use super::super::block::{Place, RawBlock, Span};
use super::super::chunk::Piece;
use super::super::lines::PAD;
use super::super::rows::{Broken, Rows, Shape, span};
use super::super::sound::Sound;
use super::paths::Paths;
use super::scan::{Fault, Kind, Scan, Value, unescape};

/// How the lines of a file become cells.
#[derive(Debug, Clone)]
pub(in super::super) struct JsonPlan {
    pub(super) names: Vec<String>,
    pub(super) outer: Paths,
    /// Fields of the elements of the list that is exploded, and the cell that an element itself is.
    pub(super) inner: Option<(Paths, Option<usize>)>,
    /// Cell by cell whether it lies within the elements.
    pub(super) within: Vec<bool>,
}

/// A cell as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    None,
    Null,
    Found { start: usize, end: usize, escaped: bool },
}

/// The cells of one row, and what is wrong with it if anything is.
#[derive(Debug, Clone)]
struct Frame {
    cells: Vec<Cell>,
    wrong: Option<String>,
}

/// What is at hand while a piece is taken apart; frames are used again line by line.
struct Work {
    outer: Frame,
    inner: Vec<Frame>,
    /// How many of `inner` the line has.
    elements: usize,
    cells: Vec<Span>,
}

impl Frame {
    fn new(cells: usize) -> Self {
        Self { cells: vec![Cell::None; cells], wrong: None }
    }

    fn clear(&mut self) {
        self.cells.fill(Cell::None);
        self.wrong = None;
    }
}

impl JsonPlan {
    /// Takes a piece apart.
    pub(in super::super) fn parse(&self, shape: &Shape, piece: Piece, file: u32) -> RawBlock {
        let Piece { mut text, line, cut } = piece;
        let length = text.len();
        let sound = Sound::of(&text);
        text.extend([b'\n'; PAD]);
        let mut rows = Rows::new(shape, text, length / 128 + 1);
        let cells = self.names.len();
        let mut work =
            Work { outer: Frame::new(cells), inner: Vec::new(), elements: 0, cells: vec![Span::ABSENT; cells] };
        let mut place = Place { line };
        let mut at = 0;
        while at < length {
            let feed = memchr(b'\n', &rows.text[at..length]).map_or(length, |feed| at + feed);
            let end = if feed > at && rows.text[feed - 1] == b'\r' { feed - 1 } else { feed };
            if end > at {
                rows.lines += 1;
                self.line(&mut rows, &mut work, place, at..end, sound, cut && feed == length);
            }
            place.line += 1;
            at = feed + 1;
        }
        rows.finish(file)
    }

    fn line(
        &self,
        rows: &mut Rows<'_>,
        work: &mut Work,
        place: Place,
        record: Range<usize>,
        sound: Sound,
        ends_file: bool,
    ) {
        let read = sound.check(&rows.text[record.clone()]).and_then(|()| {
            self.read(&rows.text[..record.end], record.start, work).map_err(|fault| not_json(fault, &record, ends_file))
        });
        if let Err(broken) = read {
            rows.reject(place, broken, record);
            return;
        }
        if let Some(wrong) = work.outer.wrong.take() {
            rows.reject(place, (WRONG, wrong), record);
            return;
        }
        if let Err(broken) = self.settle(rows, &work.outer.cells, &mut work.cells, false) {
            rows.reject(place, broken, record);
            return;
        }
        if self.inner.is_none() {
            rows.push(place, &work.cells, record);
            return;
        }
        for frame in &mut work.inner[..work.elements] {
            let settled = match frame.wrong.take() {
                Some(wrong) => Err((WRONG, wrong)),
                None => self.settle(rows, &frame.cells, &mut work.cells, true),
            };
            match settled {
                Ok(()) => rows.push(place, &work.cells, record.clone()),
                Err(broken) => rows.reject(place, broken, record.clone()),
            }
        }
    }

    /// Finds the cells of the object that begins at `at`.
    fn read(&self, text: &[u8], at: usize, work: &mut Work) -> Result<(), Fault> {
        work.outer.clear();
        work.elements = 0;
        let mut scan = Scan { text, at };
        if scan.peek() != b'{' {
            return scan.fault("an object");
        }
        let mut walk = Walk { plan: self, inner: &mut work.inner, elements: &mut work.elements };
        walk.object(&mut scan, &self.outer, 0, &mut work.outer, 0)?;
        scan.end()
    }

    /// Turns the cells within the elements (or the others) into spans, texts without their escapes.
    fn settle(&self, rows: &mut Rows<'_>, cells: &[Cell], spans: &mut [Span], within: bool) -> Result<(), Broken> {
        for (at, to) in spans.iter_mut().enumerate() {
            if self.within[at] != within {
                continue;
            }
            *to = match cells[at] {
                Cell::None | Cell::Null => Span::ABSENT,
                Cell::Found { start, end, escaped: false } => span(start, end),
                Cell::Found { start, end, escaped: true } => {
                    let from = rows.text.len();
                    unescape(&mut rows.text, start, end);
                    if memchr(0, &rows.text[from..]).is_some() {
                        return Err(("nul_byte", format!("`{}` holds an escaped NUL", self.names[at])));
                    }
                    span(from, rows.text.len())
                }
            };
        }
        Ok(())
    }
}

const WRONG: &str = "bad_json_value";

fn not_json(fault: Fault, record: &Range<usize>, ends_file: bool) -> Broken {
    let message = format!("no JSON: {} is expected at byte {}", fault.what, fault.at - record.start + 1);
    if ends_file {
        return ("cut_row", format!("{message}, and the file ends here without a line feed"));
    }
    ("bad_json", message)
}

struct Walk<'a> {
    plan: &'a JsonPlan,
    inner: &'a mut Vec<Frame>,
    elements: &'a mut usize,
}

impl Walk<'_> {
    /// Takes an object whose fields are the edges of a node.
    fn object(
        &mut self,
        scan: &mut Scan<'_>,
        paths: &Paths,
        node: usize,
        frame: &mut Frame,
        depth: u32,
    ) -> Result<(), Fault> {
        scan.enter(depth)?;
        let (mut first, mut hint) = (true, 0);
        while scan.more(first, b'}', "`,` or `}`")? {
            first = false;
            let key = scan.key()?;
            let edge = if key.kind == (Kind::Text { escaped: true }) {
                paths.edge(node, &plain(scan.text, key), &mut hint)
            } else {
                paths.edge(node, &scan.text[key.start..key.end], &mut hint)
            };
            let Some(edge) = edge else {
                scan.value(depth + 1)?;
                continue;
            };
            let opens = scan.peek();
            if edge.list && opens == b'[' {
                self.list(scan, frame, depth + 1)?;
                continue;
            }
            let value = match edge.node {
                Some(below) if opens == b'{' => {
                    let start = scan.at;
                    self.object(scan, paths, below, frame, depth + 1)?;
                    Value { kind: Kind::Object, start, end: scan.at }
                }
                _ => scan.value(depth + 1)?,
            };
            if let Some(cell) = edge.cell {
                self.set(frame, cell, value);
            } else if value.kind != Kind::Null && (edge.list || value.kind != Kind::Object) {
                let expected = if edge.list { "a list" } else { "an object" };
                let key = String::from_utf8_lossy(&scan.text[key.start..key.end]).into_owned();
                wrong(frame, || format!("`{key}` is {} where {expected} is expected", value.kind.words()));
            }
        }
        Ok(())
    }

    /// Takes the list whose elements are rows.
    fn list(&mut self, scan: &mut Scan<'_>, outer: &mut Frame, depth: u32) -> Result<(), Fault> {
        scan.enter(depth)?;
        let Some((paths, itself)) = &self.plan.inner else { return scan.fault("a scalar") };
        if *self.elements > 0 {
            wrong(outer, || "the list to explode stands twice".to_owned());
        }
        let mut first = true;
        while scan.more(first, b']', "`,` or `]`")? {
            first = false;
            let at = *self.elements;
            if at == self.inner.len() {
                self.inner.push(Frame::new(self.plan.names.len()));
            }
            // The frame is out of the list while the walk goes on within it, and back whatever comes of it.
            let mut frame = std::mem::replace(&mut self.inner[at], Frame { cells: Vec::new(), wrong: None });
            frame.clear();
            let walked = self.element(scan, paths, *itself, &mut frame, depth);
            self.inner[at] = frame;
            walked?;
            *self.elements += 1;
        }
        Ok(())
    }

    /// Takes an element, which may be a value `itself`.
    fn element(
        &mut self,
        scan: &mut Scan<'_>,
        paths: &Paths,
        itself: Option<usize>,
        frame: &mut Frame,
        depth: u32,
    ) -> Result<(), Fault> {
        let value = if scan.peek() == b'{' {
            let start = scan.at;
            self.object(scan, paths, 0, frame, depth + 1)?;
            Value { kind: Kind::Object, start, end: scan.at }
        } else {
            scan.value(depth + 1)?
        };
        match itself {
            Some(cell) => self.set(frame, cell, value),
            None if value.kind == Kind::Object => {}
            None => wrong(frame, || format!("an element is {} where an object is expected", value.kind.words())),
        }
        Ok(())
    }

    fn set(&self, frame: &mut Frame, cell: usize, value: Value) {
        let name = || &self.plan.names[cell];
        if frame.cells[cell] != Cell::None {
            wrong(frame, || format!("`{}` stands twice", name()));
            return;
        }
        frame.cells[cell] = match value.kind {
            Kind::Null => Cell::Null,
            Kind::Object | Kind::List { numbers: false } => {
                wrong(frame, || format!("`{}` is {} where one value is expected", name(), value.kind.words()));
                return;
            }
            kind => Cell::Found { start: value.start, end: value.end, escaped: kind == Kind::Text { escaped: true } },
        };
    }
}

fn wrong(frame: &mut Frame, message: impl FnOnce() -> String) {
    if frame.wrong.is_none() {
        frame.wrong = Some(message());
    }
}

/// A key without its escapes.
pub(super) fn plain(text: &[u8], key: Value) -> Vec<u8> {
    let mut key = text[key.start..key.end].to_vec();
    let length = key.len();
    unescape(&mut key, 0, length);
    key.split_off(length)
}

impl Kind {
    /// "a number", "a list", …
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text { .. } => "a text",
            Self::List { .. } => "a list",
            Self::Object => "an object",
        }
    }
}
