//! A CSV file: blocks of whole rows, read at the same time and handed on in order.
//!
//! ```text
//! fill the next blocks ┐ at the same time, where there is more than one thread
//! read these blocks    ┘
//! in order: settle the codes of their ids, note their lines, visit
//! ```

mod cell;
mod cut;
mod header;
mod plan;
mod rows;
mod source;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use self::header::{Header, NoHeader};
use self::plan::Plan;
use self::rows::{Fault, FaultKind, Rows};
use self::source::{BLOCK, Block, Broken, Source};
use super::columns::Chunk;
use super::error::TableError;
use super::interner::{Interner, MOST_NAMES};
use super::place::Place;
use super::wanted::Kind;

/// A CSV file whose header has been read.
pub(super) struct CsvFile {
    source: Source,
    header: Header,
    place: Place,
    /// Line behind the header, from 1.
    first_line: u64,
}

/// The blocks that are read at the same time.
struct Batch {
    lanes: Vec<(Block, Rows)>,
    /// So many of them are filled.
    filled: usize,
    broken: Option<Broken>,
}

impl CsvFile {
    /// Reads the header of an open file whose first bytes were already taken.
    pub(super) fn open(path: &Path, first: Vec<u8>, file: File) -> Result<Self, TableError> {
        let size = source::size_of(&file);
        Self::from_stored(path, first, Box::new(file), size, BLOCK)
    }

    fn from_stored(
        path: &Path,
        first: Vec<u8>,
        stored: Box<dyn Read + Send>,
        size: Option<u64>,
        block: usize,
    ) -> Result<Self, TableError> {
        let mut source = Source::new(first, stored, size, block);
        let place = Place::with_lines(path);
        let text = match source.take_header() {
            Ok(Some(text)) => text,
            Ok(None) => return Err(TableError::Empty { path: path.to_path_buf() }),
            Err(broken) => return Err(broken_error(broken, &place, 0, 1)),
        };
        let header = Header::read(&text).map_err(|why| match why {
            NoHeader::NotUtf8 => TableError::HeaderNotUtf8 { path: path.to_path_buf() },
            NoHeader::CarriageReturns => TableError::CarriageReturns { path: path.to_path_buf() },
        })?;
        source.set_delimiter(header.delimiter);
        Ok(Self { source, header, place, first_line: 1 + source::lines(&text) })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header.names
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Visits the rows in order and returns the names of each wanted column; `places` says where it stands in the file.
    pub(super) fn for_each<E: From<TableError>>(
        mut self,
        places: &[usize],
        kinds: &[Kind],
        visit: impl FnMut(&Chunk<'_>) -> Result<(), E>,
    ) -> Result<Vec<Interner>, E> {
        let plan = Plan::new(self.header.delimiter, self.header.names.len(), places, kinds);
        let threads = rayon::current_num_threads();
        let mut now = Batch::new(if threads == 1 { 1 } else { 2 * threads }, kinds);
        let mut next = Batch::new(if threads == 1 { 0 } else { 2 * threads }, kinds);
        let mut names: Vec<Interner> = kinds.iter().map(|_| Interner::default()).collect();
        let line = self.first_line;
        let (header, place, size) = (&self.header, &self.place, self.source.size);
        let mut delivery = Delivery { header, wanted: places, place, size, row: 0, line, visit };
        now.fill(&mut self.source);
        while now.filled > 0 {
            if threads == 1 || now.broken.is_some() {
                now.read(&plan, &names);
            } else {
                let source = &mut self.source;
                rayon::join(|| next.fill(source), || now.read(&plan, &names));
            }
            delivery.deliver(&mut now, &mut names)?;
            if now.broken.is_some() {
                break;
            }
            if threads == 1 {
                now.fill(&mut self.source);
            } else {
                std::mem::swap(&mut now, &mut next);
                next.filled = 0;
            }
        }
        if let Some(broken) = now.broken.take() {
            return Err(broken_error(broken, &self.place, delivery.row, delivery.line).into());
        }
        if delivery.row == 0 {
            return Err(TableError::NoRows { path: self.place.path().to_path_buf() }.into());
        }
        Ok(names)
    }
}

impl Batch {
    fn new(lanes: usize, kinds: &[Kind]) -> Self {
        let lanes = (0..lanes).map(|_| (Block::default(), Rows::new(kinds))).collect();
        Self { lanes, filled: 0, broken: None }
    }

    fn fill(&mut self, source: &mut Source) {
        self.filled = 0;
        for (block, _) in &mut self.lanes {
            match source.fill(block) {
                Ok(true) => self.filled += 1,
                Ok(false) => return,
                Err(broken) => {
                    self.broken = Some(broken);
                    return;
                }
            }
        }
    }

    fn read(&mut self, plan: &Plan, names: &[Interner]) {
        let read = |(block, rows): &mut (Block, Rows)| rows.read(plan, block, names);
        match &mut self.lanes[..self.filled] {
            [lane] => read(lane),
            lanes => lanes.par_iter_mut().for_each(read),
        }
    }
}

/// Hands blocks on, in order.
struct Delivery<'a, V> {
    header: &'a Header,
    /// Where each wanted column stands in the header.
    wanted: &'a [usize],
    place: &'a Place,
    size: Option<u64>,
    /// First row and line behind what was delivered.
    row: usize,
    line: u64,
    visit: V,
}

impl<V> Delivery<'_, V> {
    fn deliver<E: From<TableError>>(&mut self, batch: &mut Batch, names: &mut [Interner]) -> Result<(), E>
    where
        V: FnMut(&Chunk<'_>) -> Result<(), E>,
    {
        let before: Vec<usize> = names.iter().map(Interner::len).collect();
        for (block, rows) in &mut batch.lanes[..batch.filled] {
            for (slot, column) in rows.columns.iter_mut().enumerate() {
                if !column.ids.settle(&mut names[slot], before[slot]) {
                    return Err(self.too_many_ids(slot).into());
                }
            }
            self.place.push_block(self.row, self.line, &rows.surplus);
            let behind = self.row + rows.rows;
            if rows.rows > 0 {
                let expected_rows = self.expected_rows(behind, block.stored);
                let (first_row, columns, names) = (self.row, &rows.columns[..], &*names);
                let (rows, place) = (rows.rows, self.place);
                (self.visit)(&Chunk { first_row, rows, columns, names, place, expected_rows })?;
            }
            if let Some(fault) = rows.fault.take() {
                return Err(self.fault_error(behind, fault).into());
            }
            self.row = behind;
            self.line += rows.rows as u64 + u64::from(rows.surplus_lines);
        }
        Ok(())
    }

    /// As many rows per stored byte as so far.
    fn expected_rows(&self, rows: usize, stored: u64) -> usize {
        match self.size {
            Some(size) if stored > 0 && size > stored => (rows as f64 * (size as f64 / stored as f64)) as usize,
            _ => rows,
        }
    }

    fn too_many_ids(&self, slot: usize) -> TableError {
        let column = self.header.names[self.wanted[slot]].clone();
        TableError::TooManyIds { path: self.place.path().to_path_buf(), column, most: MOST_NAMES }
    }

    fn fault_error(&self, row: usize, fault: Fault) -> TableError {
        let column = self.header.names.get(fault.column).map(String::as_str);
        let spot = self.place.spot(row, column);
        match fault.kind {
            FaultKind::Ragged(found) => {
                let spot = self.place.spot(row, None);
                TableError::Ragged { spot, found, expected: self.header.names.len() }
            }
            FaultKind::Empty => TableError::EmptyCell { spot },
            FaultKind::NotANumber(value) => TableError::NotANumber { spot, value },
            FaultKind::NotUtf8(value) => TableError::NotUtf8 { spot, value },
            FaultKind::NotAVector(value) => TableError::NotAVector { spot, value },
            FaultKind::VectorLength(found, expected) => TableError::VectorLength { spot, found, expected },
        }
    }
}

fn broken_error(broken: Broken, place: &Place, rows: usize, line: u64) -> TableError {
    let path = place.path().to_path_buf();
    match broken {
        Broken::Read(source) if rows == 0 => TableError::from_open(&path, source),
        Broken::Read(source) => TableError::Read { path, rows, source },
        Broken::Gzip(source) => TableError::Gzip { path, rows, source },
        Broken::OpenQuote { lines } => TableError::OpenQuote { path, line: line + lines },
        Broken::RowTooLong => TableError::RowTooLong { path, row: rows + 1, line },
    }
}
