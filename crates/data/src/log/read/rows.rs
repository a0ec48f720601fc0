//! `Rows`: rows of cells as they are found, put into columns; and `Shape`, which says how cells become columns.
//!
//! ```text
//! cells of a row     u7 | "N1-0 N2-1" | 205␂40␃1.0
//! columns            user   item  clicked  features.205
//!                    u7     N1    0        40
//!                    u7     N2    1        40
//! ```

use std::ops::Range;

use super::block::{Place, RawBlock, RawColumn, RejectedRow, Span};
use super::lines::LONGEST_RAW;
use super::unpack::{Pack, Parts};

/// What a column of the block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A cell as it is.
    Cell(usize),
    /// A value out of a cell with several.
    Packed {
        /// Which of [`Shape::packs`].
        pack: usize,
        /// Which of its values.
        value: usize,
    },
    /// A part of the value of which each is a row.
    Part(usize),
}

/// How the cells of a row become columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The cells wanted of each row: columns of the file, and the key that asks for each.
    pub(super) cells: Vec<(String, String)>,
    pub(super) columns: Vec<From>,
    /// Cells with several values.
    pub(super) packs: Vec<Pack>,
    /// The cell of which each value is a row.
    pub(super) rows: Option<Parts>,
}

impl Shape {
    /// Whether columns are cells, one for one.
    fn is_plain(&self) -> bool {
        self.rows.is_none() && self.columns.iter().enumerate().all(|(at, from)| *from == From::Cell(at))
    }
}

/// Rows of one piece.
pub(super) struct Rows<'a> {
    shape: &'a Shape,
    plain: bool,
    pub(super) text: Vec<u8>,
    columns: Vec<Vec<Span>>,
    places: Vec<Place>,
    rejected: Vec<RejectedRow>,
    pub(super) lines: u64,
    packed: Vec<Vec<Span>>,
    parts: Vec<Span>,
}

/// Why a row is set aside.
pub(super) type Broken = (&'static str, String);

impl<'a> Rows<'a> {
    /// Takes the text in which cells lie; about so many rows are expected.
    pub(super) fn new(shape: &'a Shape, text: Vec<u8>, expected: usize) -> Self {
        Self {
            shape,
            plain: shape.is_plain(),
            text,
            columns: shape.columns.iter().map(|_| Vec::with_capacity(expected)).collect(),
            places: Vec::with_capacity(expected),
            rejected: Vec::new(),
            lines: 0,
            packed: shape.packs.iter().map(|pack| vec![Span::ABSENT; pack.values()]).collect(),
            parts: Vec::new(),
        }
    }

    /// Adds the row of these cells, which stands at `record` in the text.
    #[inline]
    pub(super) fn push(&mut self, place: Place, cells: &[Span], record: Range<usize>) {
        if self.plain {
            for (column, &cell) in self.columns.iter_mut().zip(cells) {
                column.push(cell);
            }
            self.places.push(place);
        } else {
            self.push_shaped(place, cells, record);
        }
    }

    fn push_shaped(&mut self, place: Place, cells: &[Span], record: Range<usize>) {
        for (pack, values) in self.shape.packs.iter().zip(&mut self.packed) {
            if let Err(broken) = pack.split(&self.text, cells[pack.cell], values) {
                self.reject(place, broken, record);
                return;
            }
        }
        let shape = self.shape;
        let Some(parts) = &shape.rows else {
            self.push_row(place, cells);
            return;
        };
        let mut at = cells[parts.cell];
        while let Some(value) = parts.next(&self.text, &mut at) {
            match parts.split(&self.text, value, &mut self.parts) {
                Ok(()) => self.push_row(place, cells),
                Err(broken) => self.reject(place, broken, record.clone()),
            }
        }
    }

    fn push_row(&mut self, place: Place, cells: &[Span]) {
        for (column, from) in self.columns.iter_mut().zip(&self.shape.columns) {
            column.push(match *from {
                From::Cell(cell) => cells[cell],
                From::Packed { pack, value } => self.packed[pack][value],
                From::Part(part) => self.parts[part],
            });
        }
        self.places.push(place);
    }

    /// Sets a row aside.
    pub(super) fn reject(&mut self, place: Place, (rule, message): Broken, record: Range<usize>) {
        let raw = &self.text[record];
        let raw = raw[..raw.len().min(LONGEST_RAW)].to_vec();
        self.rejected.push(RejectedRow { place, rule, message, raw });
    }

    /// The rows as a block.
    pub(super) fn finish(self, file: u32) -> RawBlock {
        RawBlock {
            file,
            lines: self.lines,
            rows: self.places.len(),
            text: self.text,
            columns: self.columns.into_iter().map(RawColumn::Text).collect(),
            places: self.places,
            rejected: self.rejected,
            repairs: Vec::new(),
        }
    }
}

/// The span of some bytes; absent if there are none.
#[inline]
pub(super) fn span(start: usize, end: usize) -> Span {
    if start == end { Span::ABSENT } else { Span { start: start as u32, length: (end - start) as u32 } }
}
