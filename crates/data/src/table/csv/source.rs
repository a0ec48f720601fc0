//! `Source`: the bytes of a CSV file as blocks of whole rows.
//!
//! ```text
//! file ──gunzip──▶ [ carried over | freshly read ] ──cut──▶ block of whole rows + tail, carried over
//! ```
//!
//! A row longer than a block makes the block grow, up to [`LONGEST_ROW`].

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::super::words::WORD;
use super::cut::{Cut, cut};
use super::header::{Extent, extent};

/// Bytes read at once: big enough that the work per block does not count, small enough for the second-level cache.
pub(super) const BLOCK: usize = 1 << 19;

/// A row longer than this is taken for a mistake, mostly a lost quote.
const LONGEST_ROW: usize = 1 << 26;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const PACKED_BUFFER: usize = 1 << 17;

/// Whole rows as they stand in the file.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The rows, then a word's length of line feeds, then whatever.
    bytes: Vec<u8>,
    length: usize,
    /// Bytes of the stored file that were read so far, packed if they are.
    pub(super) stored: u64,
}

impl Block {
    /// The rows, with a word's length of line feeds behind them.
    pub(super) fn padded(&self) -> &[u8] {
        &self.bytes[..self.length + WORD]
    }

    /// Length of the rows alone.
    pub(super) fn len(&self) -> usize {
        self.length
    }
}

/// Why there is no further block.
#[derive(Debug)]
pub(super) enum Broken {
    /// Reading failed.
    Read(io::Error),
    /// Unpacking failed.
    Gzip(io::Error),
    /// A quote opens so many lines behind the blocks given out, and never closes.
    OpenQuote { lines: u64 },
    /// A row is longer than [`LONGEST_ROW`].
    RowTooLong,
}

/// The file behind the blocks.
pub(super) struct Source {
    text: Text,
    delimiter: u8,
    block: usize,
    tail: Vec<u8>,
    ended: bool,
    read: Arc<AtomicU64>,
    /// Bytes of the stored file, if they are known.
    pub(super) size: Option<u64>,
}

type Stored = Counted<Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

enum Text {
    Plain(Stored),
    Gzip(Box<MultiGzDecoder<BufReader<Stored>>>),
}

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The length of a plain file; a pipe has none.
pub(super) fn size_of(file: &File) -> Option<u64> {
    file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len())
}

impl Source {
    /// Reads `stored`, whose first bytes were already taken, block by block.
    pub(super) fn new(first: Vec<u8>, stored: Box<dyn Read + Send>, size: Option<u64>, block: usize) -> Self {
        let packed = first.starts_with(&GZIP);
        let read = Arc::new(AtomicU64::new(0));
        let stored = Counted { inner: Cursor::new(first).chain(stored), read: Arc::clone(&read) };
        let text = if packed {
            Text::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(PACKED_BUFFER, stored))))
        } else {
            Text::Plain(stored)
        };
        Self { text, delimiter: b',', block, tail: Vec::new(), ended: false, read, size }
    }

    /// The header with what stands before it, in bytes; `None` for a file without one.
    pub(super) fn take_header(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut text = Vec::new();
        loop {
            let longer = (2 * text.len()).clamp(self.block.min(1 << 16), LONGEST_ROW);
            self.read_to(&mut text, longer)?;
            let over = self.ended || text.len() >= LONGEST_ROW;
            match extent(&text) {
                Extent::Ends(end) => {
                    self.tail = text.split_off(end);
                    return Ok(Some(text));
                }
                Extent::Open(at) if over => return Err(Broken::OpenQuote { lines: lines(&text[..at]) }),
                Extent::None if self.ended => return Ok(None),
                Extent::Goes if self.ended => return Ok(Some(text)),
                _ if over => return Err(Broken::RowTooLong),
                _ => {}
            }
        }
    }

    /// From now on the cells end at this byte.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Fills a block with the next whole rows; `false` if there are none.
    pub(super) fn fill(&mut self, into: &mut Block) -> Result<bool, Broken> {
        into.length = 0;
        let mut bytes = std::mem::take(&mut into.bytes);
        let filled = self.rows(&mut bytes);
        if let Ok(Some(length)) = filled {
            bytes[length..length + WORD].fill(b'\n');
            into.length = length;
        }
        into.bytes = bytes;
        into.stored = self.read.load(Ordering::Relaxed);
        Ok(filled?.is_some())
    }

    /// Reads whole rows into `bytes`, whose length only ever grows, and returns their length.
    fn rows(&mut self, bytes: &mut Vec<u8>) -> Result<Option<usize>, Broken> {
        let mut filled = self.tail.len();
        let mut target = self.block.max(2 * filled);
        loop {
            // One byte for a line feed that is missing at the end of the file.
            if bytes.len() < target + 1 + WORD {
                bytes.resize(target + 1 + WORD, b'\n');
            }
            bytes[..self.tail.len()].copy_from_slice(&self.tail);
            while !self.ended && filled < target {
                match self.read(&mut bytes[filled..target])? {
                    0 => self.ended = true,
                    count => filled += count,
                }
            }
            if filled == 0 {
                return Ok(None);
            }
            if self.ended && bytes[filled - 1] != b'\n' {
                bytes[filled] = b'\n';
                filled += 1;
            }
            let text = &bytes[..filled];
            let (end, open) = cut(text, self.delimiter);
            match (end, open) {
                (_, Some(at)) if self.ended => return Err(Broken::OpenQuote { lines: lines(&text[..at]) }),
                (Cut::After(end), _) => {
                    self.tail.clear();
                    self.tail.extend_from_slice(&text[end..]);
                    return Ok(Some(end));
                }
                (Cut::Open(at), _) if filled >= LONGEST_ROW => {
                    return Err(Broken::OpenQuote { lines: lines(&text[..at]) });
                }
                _ if filled >= LONGEST_ROW => return Err(Broken::RowTooLong),
                _ => {
                    // What was read stays in place; the tail need not be copied again.
                    self.tail.clear();
                    target *= 2;
                }
            }
        }
    }

    fn read_to(&mut self, text: &mut Vec<u8>, length: usize) -> Result<(), Broken> {
        let mut filled = text.len();
        text.resize(length, 0);
        while !self.ended && filled < length {
            match self.read(&mut text[filled..])? {
                0 => self.ended = true,
                count => filled += count,
            }
        }
        text.truncate(filled);
        Ok(())
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Broken> {
        loop {
            let (read, packed) = match &mut self.text {
                Text::Plain(text) => (text.read(into), false),
                Text::Gzip(text) => (text.read(into), true),
            };
            use io::ErrorKind::{Interrupted, InvalidData, InvalidInput, UnexpectedEof};
            return match read {
                Ok(count) => Ok(count),
                Err(error) if error.kind() == Interrupted => continue,
                Err(error) if packed && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
                    Err(Broken::Gzip(error))
                }
                Err(error) => Err(Broken::Read(error)),
            };
        }
    }
}

/// Line feeds in a text.
pub(super) fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
