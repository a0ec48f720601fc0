//! `Input`: the text of a file as UTF-8 with line feeds, whatever it is packed and written in.
//!
//! ```text
//! file ──gunzip, unzstd──▶ bytes ──byte order mark, UTF-16──▶ UTF-8 ──carriage returns alone──▶ line feeds
//! ```

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

use super::super::error::LogError;
use super::encoding::{Encoding, Utf16, foreign};
use super::failed;

/// Bytes by which packing, encoding and format are told.
const FIRST: usize = 1 << 16;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

/// The text of one file.
pub(super) struct Input {
    path: PathBuf,
    packing: Packing,
    text: Box<dyn Read + Send>,
    /// What had to be repaired for the file as a whole.
    pub(super) repair: Option<&'static str>,
    /// The first bytes of the text, which are still to be read.
    pub(super) first: Vec<u8>,
}

impl Input {
    /// Opens a file that is no Parquet.
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path).map_err(|source| failed::io(path, source))?;
        let mut file = BufReader::with_capacity(FIRST, file);
        let mut magic = Vec::with_capacity(4);
        file.by_ref().take(4).read_to_end(&mut magic).map_err(|source| failed::io(path, source))?;
        let packing = match magic[..] {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
            _ => Packing::None,
        };
        let stored = Cursor::new(magic).chain(file);
        let text: Box<dyn Read + Send> = match packing {
            Packing::None => Box::new(stored),
            Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(FIRST, stored))),
            Packing::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(stored);
                Box::new(decoder.map_err(|source| failed::io(path, source))?)
            }
        };
        let mut input = Self { path: path.to_path_buf(), packing, text, repair: None, first: Vec::new() };
        input.decode()?;
        Ok(input)
    }

    /// Tells the encoding, and puts its decoder before the bytes.
    fn decode(&mut self) -> Result<(), LogError> {
        let mut first = Vec::new();
        self.fill(&mut first, FIRST, 1)?;
        if let Some(what) = foreign(&first) {
            let packed = if self.packing == Packing::None { "" } else { ", packed once more" };
            let problem = format!("is {what}{packed}");
            return Err(failed::file(&self.path, problem, "unpack or write it as CSV, JSON lines or Parquet"));
        }
        let encoding = Encoding::told(&first);
        if encoding == Encoding::Utf32 {
            return Err(failed::file(&self.path, "is UTF-32", "save it as UTF-8"));
        }
        self.repair = encoding.repair();
        first.drain(..encoding.mark());
        if let Encoding::Utf16 { big_endian, .. } = encoding {
            self.put_back(first);
            let text = std::mem::replace(&mut self.text, Box::new(io::empty()));
            self.text = Box::new(Utf16::new(text, big_endian));
            first = Vec::new();
            self.fill(&mut first, FIRST, 1)?;
        }
        // A file of an old Macintosh: what ends its lines is told from the first bytes.
        if memchr(b'\n', &first).is_none() && memchr(b'\r', &first).is_some() {
            self.put_back(first);
            let text = std::mem::replace(&mut self.text, Box::new(io::empty()));
            self.text = Box::new(Returns { text });
            first = Vec::new();
            self.fill(&mut first, FIRST, 1)?;
        }
        self.first = first.clone();
        self.put_back(first);
        Ok(())
    }

    fn put_back(&mut self, first: Vec<u8>) {
        let text = std::mem::replace(&mut self.text, Box::new(io::empty()));
        self.text = Box::new(Cursor::new(first).chain(text));
    }

    /// Reads on until `into` is so long, or to the end: then `true`. `line` is the line on which `into` begins.
    pub(super) fn fill(&mut self, into: &mut Vec<u8>, length: usize, line: u64) -> Result<bool, LogError> {
        let more = length.saturating_sub(into.len());
        into.reserve(more);
        let read = self.text.by_ref().take(more as u64).read_to_end(into);
        match read {
            Ok(count) => Ok(count < more),
            Err(source) => Err(self.failed(source, line + super::lines::count(into))),
        }
    }

    /// Passes over so many bytes of text.
    pub(super) fn skip(&mut self, bytes: u64, line: u64) -> Result<(), LogError> {
        let skipped = io::copy(&mut self.text.by_ref().take(bytes), &mut io::sink());
        skipped.map(drop).map_err(|source| self.failed(source, line))
    }

    fn failed(&self, source: io::Error, line: u64) -> LogError {
        let packed = match self.packing {
            Packing::None => return failed::io(&self.path, source),
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        };
        // What the system says has a number; what the decoder says has none.
        if source.raw_os_error().is_some() {
            return failed::io(&self.path, source);
        }
        let said = failed::one_line(&source.to_string());
        let problem = format!("the {packed} file is cut or damaged: unpacking stops in line {line} ({said})");
        failed::file(&self.path, problem, "fetch or write the file again")
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes carriage returns line feeds.
struct Returns {
    text: Box<dyn Read + Send>,
}

impl Read for Returns {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        for byte in &mut into[..count] {
            if *byte == b'\r' {
                *byte = b'\n';
            }
        }
        Ok(count)
    }
}
