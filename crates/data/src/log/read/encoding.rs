//! What the first bytes of a file say: its encoding, or that it is no text at all.
//!
//! | begins with | is |
//! |---|---|
//! | `EF BB BF` | UTF-8 with a byte order mark, which is skipped |
//! | `FF FE`, `FE FF` | UTF-16, little or big end first |
//! | NUL at most odd places and hardly any even one (or the other way about) | UTF-16 without a mark |
//! | anything else | UTF-8; rows that are not are set aside one by one |

use std::io::{self, Read};

/// The encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8 { mark: bool },
    Utf16 { big_endian: bool, mark: bool },
    Utf32,
}

/// Bytes that are looked at where there is no mark.
const SAMPLE: usize = 4096;

impl Encoding {
    /// The encoding of a file that begins so.
    pub(super) fn told(first: &[u8]) -> Self {
        match first {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8 { mark: true },
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Self::Utf32,
            [0xff, 0xfe, ..] => Self::Utf16 { big_endian: false, mark: true },
            [0xfe, 0xff, ..] => Self::Utf16 { big_endian: true, mark: true },
            _ => Self::without_mark(&first[..first.len().min(SAMPLE)]),
        }
    }

    fn without_mark(sample: &[u8]) -> Self {
        let (pairs, _) = sample.as_chunks::<2>();
        let nul = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
        let (even, odd) = (nul(0), nul(1));
        let most = |count: usize| count >= 4 && 10 * count >= 7 * pairs.len();
        let few = |count: usize| 20 * count <= pairs.len();
        if most(odd) && few(even) {
            Self::Utf16 { big_endian: false, mark: false }
        } else if most(even) && few(odd) {
            Self::Utf16 { big_endian: true, mark: false }
        } else {
            Self::Utf8 { mark: false }
        }
    }

    /// Bytes of the mark.
    pub(super) fn mark(self) -> usize {
        match self {
            Self::Utf8 { mark: true } => 3,
            Self::Utf16 { mark: true, .. } => 2,
            _ => 0,
        }
    }

    /// Name of what is repaired.
    pub(super) fn repair(self) -> Option<&'static str> {
        match self {
            Self::Utf8 { mark: true } => Some("byte_order_mark_skipped"),
            Self::Utf16 { .. } => Some("utf16_transcoded"),
            Self::Utf8 { mark: false } | Self::Utf32 => None,
        }
    }
}

/// UTF-16 as UTF-8. Half a surrogate pair and an odd last byte become bytes that are not UTF-8, so that their row is set
/// aside rather than changed.
pub(super) struct Utf16 {
    text: Box<dyn Read + Send>,
    big_endian: bool,
    raw: Vec<u8>,
    /// Bytes of `raw` from the last read that were half a unit.
    kept: usize,
    high: Option<u16>,
    out: Vec<u8>,
    given: usize,
}

impl Utf16 {
    pub(super) fn new(text: Box<dyn Read + Send>, big_endian: bool) -> Self {
        Self { text, big_endian, raw: vec![0; 1 << 15], kept: 0, high: None, out: Vec::new(), given: 0 }
    }

    fn refill(&mut self) -> io::Result<()> {
        (self.given, self.out) = (0, std::mem::take(&mut self.out));
        self.out.clear();
        while self.out.is_empty() {
            let count = self.text.read(&mut self.raw[self.kept..])?;
            if count == 0 {
                self.end();
                return Ok(());
            }
            let there = self.kept + count;
            for at in (0..there & !1).step_by(2) {
                let pair = [self.raw[at], self.raw[at + 1]];
                self.unit(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
            }
            self.kept = there & 1;
            self.raw[0] = self.raw[there - 1];
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Some(high) = self.high.take() {
            self.lone(high);
        }
        if self.kept == 1 {
            self.kept = 0;
            self.out.push(0xff);
        }
    }

    fn unit(&mut self, unit: u16) {
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                let code = 0x10000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                self.push(code);
                return;
            }
            self.lone(high);
        }
        match unit {
            0xd800..0xdc00 => self.high = Some(unit),
            0xdc00..0xe000 => self.lone(unit),
            _ => self.push(u32::from(unit)),
        }
    }

    fn push(&mut self, code: u32) {
        let mut bytes = [0; 4];
        // Surrogates never come here.
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
    }

    /// Half a pair in the form that UTF-8 forbids.
    fn lone(&mut self, unit: u16) {
        self.out.extend([0xed, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8]);
    }
}

impl Read for Utf16 {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() {
            self.refill()?;
        }
        let count = into.len().min(self.out.len() - self.given);
        into[..count].copy_from_slice(&self.out[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// What a file is that begins like no text.
pub(super) fn foreign(first: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 15] = [
        (b"PK\x03\x04", "a zip archive or Excel workbook"),
        (b"PAR1", "a Parquet file"),
        (b"\x1f\x8b", "a gzip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"BZh91AY&SY", "a bzip2 file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"Obj\x01", "an Avro file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"%PDF-", "a PDF file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"\x04\x22\x4d\x18", "an lz4 file"),
    ];
    if first.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    MAGIC.iter().find(|(magic, _)| first.starts_with(magic)).map(|&(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn decode(bytes: &[u8], big_endian: bool) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        // One byte at a time, so that every unit is split once.
        Utf16::new(Box::new(OneByOne(io::Cursor::new(bytes.to_vec()))), big_endian).read_to_end(&mut out)?;
        Ok(out)
    }

    struct OneByOne(io::Cursor<Vec<u8>>);

    impl Read for OneByOne {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(1);
            self.0.read(&mut into[..length])
        }
    }

    #[test]
    fn the_encoding_is_told_by_mark_or_nuls() {
        let utf16 = |big_endian, mark| Encoding::Utf16 { big_endian, mark };
        assert_eq!(Encoding::told(b"\xef\xbb\xbfa"), Encoding::Utf8 { mark: true });
        assert_eq!(Encoding::told(b"\xff\xfea\0"), utf16(false, true));
        assert_eq!(Encoding::told(b"\xfe\xff\0a"), utf16(true, true));
        assert_eq!(Encoding::told(&encode("user,item\n1,é\n", false)), utf16(false, false));
        assert_eq!(Encoding::told(&encode("user,item\n1,é\n", true)), utf16(true, false));
        assert_eq!(Encoding::told(b"\xff\xfe\0\0a\0\0\0"), Encoding::Utf32);
        assert_eq!(Encoding::told(b"a,b\n\0\0\0\0\0\0"), Encoding::Utf8 { mark: false });
        assert_eq!(Encoding::told(b"a\0"), Encoding::Utf8 { mark: false });
    }

    #[test]
    fn utf16_becomes_utf8_and_half_pairs_stay_wrong() -> io::Result<()> {
        let text = "a,é,日本,🛒\n";
        for big_endian in [false, true] {
            assert_eq!(decode(&encode(text, big_endian), big_endian)?, text.as_bytes());
        }
        assert_eq!(decode(b"\x3d\xd8a\0", false)?, b"\xed\xa0\xbda");
        assert_eq!(decode(b"\x00\xdca\0", false)?, b"\xed\xb0\x80a");
        assert_eq!(decode(b"a\0b", false)?, b"a\xff");
        assert_eq!(decode(b"\x3d\xd8", false)?, b"\xed\xa0\xbd");
        assert!(simdutf8::basic::from_utf8(b"\xed\xa0\xbd").is_err());
        Ok(())
    }
}
