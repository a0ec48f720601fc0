//! A block of whole rows → its wanted columns.
//!
//! One pass: each cell is read where it stands. A wanted number is parsed up to the byte that ends it, a wanted id is
//! looked up by the eight bytes that were loaded to find its end, and any other cell is stepped over eight bytes at a
//! time. Quotes, carriage returns, spaces and `true` take a slower way.

use super::super::columns::BlockColumn;
use super::super::interner::Interner;
use super::super::vector::{Misfit, push_vector};
use super::super::wanted::Kind;
use super::super::words::Ends;
use super::cell::{number, unquote, without_return};
use super::header::count_cells;
use super::plan::{Plan, Step};
use super::source::{Block, lines};

/// The wanted columns of one block.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<BlockColumn>,
    pub(super) rows: usize,
    /// From this row on, so many lines more than one per row before it.
    pub(super) surplus: Vec<(u32, u32)>,
    /// Lines that are not the first of a row: empty ones and those within quotes.
    pub(super) surplus_lines: u32,
    /// What ended the block before its end.
    pub(super) fault: Option<Fault>,
}

/// What is wrong with the row behind the last good one.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// The column of the file, from 0.
    pub(super) column: usize,
}

#[derive(Debug)]
pub(super) enum FaultKind {
    /// The row has this many cells.
    Ragged(usize),
    Empty,
    NotANumber(String),
    NotUtf8(String),
    NotAVector(String),
    /// Numbers found and declared.
    VectorLength(usize, usize),
}

impl Rows {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self { columns: kinds.iter().map(|&kind| BlockColumn::new(kind)).collect(), ..Self::default() }
    }

    /// Reads a block; `known` holds the names of each wanted column so far.
    pub(super) fn read(&mut self, plan: &Plan, block: &Block, known: &[Interner]) {
        self.columns.iter_mut().for_each(BlockColumn::clear);
        self.surplus.clear();
        (self.rows, self.surplus_lines, self.fault) = (0, 0, None);
        self.fault = self.cells(plan, block).err();
        if self.fault.is_some() {
            self.truncate();
        }
        for column in 0..plan.steps.len() {
            self.look_up(plan.steps[column].slots(), column, block.padded(), known);
        }
    }

    /// Reads all cells.
    fn cells(&mut self, plan: &Plan, block: &Block) -> Result<(), Fault> {
        let text = block.padded();
        let ends = Ends::new(plan.delimiter);
        let mut reader = Reader { plan, text, ends, columns: &mut self.columns, inner_lines: 0 };
        let mut at = 0;
        while at < block.len() {
            if let Some(behind) = empty_line(text, at) {
                at = behind;
                self.surplus_lines += 1;
                self.surplus.push((self.rows as u32, self.surplus_lines));
                continue;
            }
            at = reader.row(at)?;
            self.rows += 1;
            if reader.inner_lines > 0 {
                self.surplus_lines += std::mem::take(&mut reader.inner_lines);
                self.surplus.push((self.rows as u32, self.surplus_lines));
            }
        }
        Ok(())
    }

    /// Looks up the ids of one column of the file.
    fn look_up(&mut self, slots: &[(usize, Kind)], column: usize, text: &[u8], known: &[Interner]) {
        for &(slot, kind) in slots {
            if kind.is_id()
                && let Err((row, value)) = self.columns[slot].ids.look_up(text, &known[slot])
            {
                self.rows = row;
                self.fault = Some(Fault { kind: FaultKind::NotUtf8(value), column });
                self.truncate();
            }
        }
    }

    /// Forgets what lies behind the last good row.
    fn truncate(&mut self) {
        self.columns.iter_mut().for_each(|column| column.truncate(self.rows));
    }
}

/// The place behind the empty line at `at`, if it is one.
#[inline]
fn empty_line(text: &[u8], at: usize) -> Option<usize> {
    match text[at] {
        b'\n' => Some(at + 1),
        b'\r' if text[at + 1] == b'\n' => Some(at + 2),
        _ => None,
    }
}

struct Reader<'a> {
    plan: &'a Plan,
    text: &'a [u8],
    ends: Ends,
    columns: &'a mut [BlockColumn],
    /// Line feeds within the cells of this row.
    inner_lines: u32,
}

impl Reader<'_> {
    /// Reads the row at `at` and returns the place behind it.
    #[inline]
    fn row(&mut self, start: usize) -> Result<usize, Fault> {
        let last = self.plan.steps.len() - 1;
        let mut at = start;
        for (column, step) in self.plan.steps.iter().enumerate() {
            let end = match self.cell(step, at) {
                Ok(end) => end,
                Err(kind) => return Err(self.fault(start, column, kind)),
            };
            let ends_row = self.text[end] == b'\n';
            if ends_row != (column == last) {
                return Err(self.fault(start, column, FaultKind::Ragged(0)));
            }
            at = end + 1;
        }
        Ok(at)
    }

    /// A row with the wrong number of cells mostly shows first as a cell that does not fit; what is wrong is the
    /// number.
    #[cold]
    fn fault(&self, start: usize, column: usize, kind: FaultKind) -> Fault {
        let cells = count_cells(self.text, start, self.plan.delimiter);
        let kind = if cells == self.plan.steps.len() { kind } else { FaultKind::Ragged(cells) };
        Fault { kind, column }
    }

    /// Reads the cell at `at` and returns the place of the byte that ends it.
    #[inline]
    fn cell(&mut self, step: &Step, at: usize) -> Result<usize, FaultKind> {
        let text = self.text;
        if text[at] == b'"' {
            return self.quoted(step, at);
        }
        match *step {
            Step::Skip => Ok(self.ends.find(text, at)),
            Step::Number([(slot, _)]) => match self.plain_number(at) {
                Some((value, end)) => {
                    self.columns[slot].numbers.push(value);
                    Ok(end)
                }
                None => self.unusual(step, at),
            },
            Step::Id([(slot, _)]) => {
                let (end, key) = self.ends.find_with_key(text, at);
                if end == at || text[end - 1] == b'\r' {
                    return self.unusual(step, at);
                }
                self.columns[slot].ids.push(key, at, end - at);
                Ok(end)
            }
            Step::Several(_) => self.unusual(step, at),
        }
    }

    /// The number at `at` and its end, if it is written plainly.
    #[inline]
    fn plain_number(&self, at: usize) -> Option<(f64, usize)> {
        let text = self.text;
        let digit = text[at].wrapping_sub(b'0');
        if digit < 10 && self.is_end(text[at + 1]) {
            return Some((f64::from(digit), at + 1));
        }
        let (value, length) = fast_float2::parse_partial::<f64, _>(&text[at..]).ok()?;
        let end = at + length;
        self.is_end(text[end]).then_some((value, end))
    }

    #[inline]
    fn is_end(&self, byte: u8) -> bool {
        byte == self.plan.delimiter || byte == b'\n'
    }

    /// A cell without quotes that is empty, has a carriage return or spaces at its end, or is no plain number.
    #[inline(never)]
    fn unusual(&mut self, step: &Step, at: usize) -> Result<usize, FaultKind> {
        let end = self.ends.find(self.text, at);
        self.take(step, without_return(self.text, at, end)).map(|()| end)
    }

    #[inline(never)]
    fn quoted(&mut self, step: &Step, at: usize) -> Result<usize, FaultKind> {
        let cell = unquote(self.text, at, self.plan.delimiter);
        self.inner_lines += lines(&self.text[at..cell.end]) as u32;
        self.take(step, &cell.content).map(|()| cell.end)
    }

    fn take(&mut self, step: &Step, cell: &[u8]) -> Result<(), FaultKind> {
        step.slots().iter().try_for_each(|&(slot, kind)| self.take_as(slot, kind, cell))
    }

    fn take_as(&mut self, slot: usize, kind: Kind, cell: &[u8]) -> Result<(), FaultKind> {
        match kind {
            Kind::NumberOrEmpty if cell.trim_ascii().is_empty() => {
                self.columns[slot].numbers.push(f64::NAN);
                Ok(())
            }
            Kind::IdOrEmpty if cell.is_empty() => {
                self.columns[slot].ids.push_empty(self.text.len());
                Ok(())
            }
            Kind::Vector(width) => {
                push_vector(cell, width as usize, &mut self.columns[slot].vectors).map_err(|misfit| match misfit {
                    Misfit::NotAVector => FaultKind::NotAVector(text_of(cell)),
                    Misfit::Length(found) => FaultKind::VectorLength(found, width as usize),
                })
            }
            _ if cell.is_empty() => Err(FaultKind::Empty),
            Kind::Number if cell.trim_ascii().is_empty() => Err(FaultKind::Empty),
            Kind::Number | Kind::NumberOrEmpty => {
                let value = number(cell).ok_or_else(|| FaultKind::NotANumber(text_of(cell)))?;
                self.columns[slot].numbers.push(value);
                Ok(())
            }
            Kind::Id | Kind::IdOrEmpty => {
                self.columns[slot].ids.push_apart(cell, self.text.len());
                Ok(())
            }
        }
    }
}

fn text_of(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}
