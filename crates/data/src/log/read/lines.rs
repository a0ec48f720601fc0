//! `Lines`: a text as pieces of whole lines (or whole rows, where quotes may hold line breaks).
//!
//! ```text
//! [ carried over | freshly read ] ──last line feed──▶ piece + rest, carried over
//! ```
//!
//! A line longer than a piece makes the piece grow; one longer than the longest allowed is passed over, and its beginning kept.

use memchr::{memchr, memchr_iter, memrchr};

use super::super::error::LogError;
use super::block::{Place, RejectedRow};
use super::chunk::{Body, Piece};
use super::csv::Record;
use super::input::Input;

/// Sizes in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of a piece: big enough that the work per piece does not count, small enough for the second-level cache.
    pub(super) piece: usize,
    /// Of a row: a longer one is a mistake.
    pub(super) row: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { piece: 1 << 20, row: 1 << 26 }
    }
}

/// Bytes kept of a row that is set aside.
pub(super) const LONGEST_RAW: usize = 1000;

/// The lines of one file.
pub(super) struct Lines {
    input: Input,
    limits: Limits,
    /// Where rows end if quotes hold line breaks.
    record: Option<Record>,
    carried: Vec<u8>,
    /// Line on which `carried` begins.
    line: u64,
    ended: bool,
}

/// Line feeds in a text.
pub(super) fn count(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

impl Lines {
    /// Reads on from where `input` stands, which is at the beginning of `line`.
    pub(super) fn new(input: Input, line: u64, record: Option<Record>, limits: Limits) -> Self {
        Self { input, limits, record, carried: Vec::new(), line, ended: false }
    }

    /// The next whole lines; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Body>, LogError> {
        let mut target = self.limits.piece.max(2 * self.carried.len());
        let mut text = Vec::with_capacity(target + PAD);
        text.append(&mut self.carried);
        loop {
            target = target.min(self.limits.row + 1);
            if !self.ended {
                self.ended = self.input.fill(&mut text, target, self.line)?;
            }
            if text.is_empty() {
                return Ok(None);
            }
            let end = if self.ended && text.len() <= self.limits.row { text.len() } else { self.whole(&text) };
            if end > 0 {
                self.carried.extend_from_slice(&text[end..]);
                text.truncate(end);
                let line = self.line;
                self.line += count(&text);
                let cut = self.ended && self.carried.is_empty() && text.last() != Some(&b'\n');
                return Ok(Some(Body::Lines(Piece { text, line, cut })));
            }
            if text.len() > self.limits.row {
                return self.pass_over(text).map(Some);
            }
            target *= 2;
        }
    }

    /// Bytes that whole rows take.
    fn whole(&self, text: &[u8]) -> usize {
        let last = memrchr(b'\n', text).map_or(0, |at| at + 1);
        match &self.record {
            Some(record) if memchr(b'"', &text[..last]).is_some() => match record.whole(text) {
                // A row of many lines that is longer than a row may be: its first line is set aside for its quote.
                0 if text.len() > self.limits.row => memchr(b'\n', text).map_or(0, |at| at + 1),
                end => end,
            },
            _ => last,
        }
    }

    /// Leaves out a line that is too long.
    fn pass_over(&mut self, mut text: Vec<u8>) -> Result<Body, LogError> {
        let raw = text[..text.len().min(LONGEST_RAW)].to_vec();
        loop {
            if let Some(at) = memchr(b'\n', &text) {
                self.carried.extend_from_slice(&text[at + 1..]);
                break;
            }
            text.clear();
            if self.ended {
                break;
            }
            self.ended = self.input.fill(&mut text, self.limits.piece, self.line)?;
        }
        let place = Place { line: self.line };
        self.line += 1;
        let message = format!("longer than {} MiB", self.limits.row >> 20);
        Ok(Body::TooLong(RejectedRow { place, rule: "row_too_long", message, raw }))
    }
}

/// Room behind the text for reading it by words.
pub(super) const PAD: usize = 8;
