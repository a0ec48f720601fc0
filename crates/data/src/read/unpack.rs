//! Unpacking: gzip is known by its first two bytes, `1f 8b`, whatever the file is called; anything else is read as it is.
//!
//! A gzip file may hold several members one after the other (RFC 1952, section 2.2), as `cat a.gz b.gz` makes them; all are read.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 1 << 16;

type Stored<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// The bytes of the log itself.
pub(crate) enum Unpacked<R: Read> {
    Plain(Stored<R>),
    Gzip(Box<BufReader<MultiGzDecoder<Stored<R>>>>),
}

/// Looks at the first bytes of `stored` and unpacks it if it is gzip.
pub(crate) fn unpack<R: Read>(mut stored: R) -> io::Result<Unpacked<R>> {
    let mut first = Vec::with_capacity(GZIP.len());
    stored.by_ref().take(GZIP.len() as u64).read_to_end(&mut first)?;
    let packed = first == GZIP;
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(stored));
    Ok(if packed {
        Unpacked::Gzip(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole))))
    } else {
        Unpacked::Plain(whole)
    })
}

impl<R: Read> Unpacked<R> {
    /// Whether `error` came from the packing rather than from below it.
    pub(crate) fn blames_gzip(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        matches!(self, Self::Gzip(_)) && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
    }

    /// Appends bytes to `line` up to and with the next line feed, and returns how many.
    pub(crate) fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(text) => text.read_until(b'\n', line),
            Self::Gzip(text) => text.read_until(b'\n', line),
        }
    }
}
