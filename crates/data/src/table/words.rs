//! Eight bytes at a time: where a cell ends, and what to look an id up by.
//!
//! ```text
//! x = word XOR (byte × 0x0101…01)            zero where the byte stands
//! (x − 0x0101…01) AND NOT x AND 0x8080…80    its lowest set bit marks the first such byte
//! ```
//!
//! # Reference
//! H. S. Warren, *Hacker's Delight*, 2nd edition, section 6-1: finding the first zero byte of a word.

/// Bytes of a word.
pub(super) const WORD: usize = 8;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const FOLD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The two bytes that end a cell that is not in quotes: the delimiter and the line feed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    delimiter: u64,
}

impl Ends {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter: LOW * u64::from(delimiter) }
    }

    /// A word whose lowest set bit marks the first end among the eight bytes, 0 if there is none.
    #[inline]
    fn marks(self, word: u64) -> u64 {
        let feed = word ^ (LOW * b'\n' as u64);
        let delimiter = word ^ self.delimiter;
        ((feed.wrapping_sub(LOW) & !feed) | (delimiter.wrapping_sub(LOW) & !delimiter)) & HIGH
    }

    /// The first end at or behind `at`. The text must hold one, with a word's length behind it.
    #[inline]
    pub(super) fn find(self, text: &[u8], mut at: usize) -> usize {
        loop {
            let marks = self.marks(load(text, at));
            if marks != 0 {
                return at + (marks.trailing_zeros() / 8) as usize;
            }
            at += WORD;
        }
    }

    /// The first end at or behind `at`, and the key of the bytes up to it.
    #[inline]
    pub(super) fn find_with_key(self, text: &[u8], at: usize) -> (usize, u64) {
        let word = load(text, at);
        let marks = self.marks(word);
        if marks != 0 {
            let length = marks.trailing_zeros() / 8;
            return (at + length as usize, word & low_bytes(length));
        }
        let end = self.find(text, at + WORD);
        (end, key(&text[at..end]))
    }
}

/// What an id is looked up by: its bytes themselves up to eight of them, a hash of them beyond.
#[inline]
pub(crate) fn key(id: &[u8]) -> u64 {
    let (words, rest) = id.as_chunks::<WORD>();
    let mut last = [0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    let last = u64::from_le_bytes(last);
    match words {
        [] => last,
        [word] if rest.is_empty() => u64::from_le_bytes(*word),
        _ => fold(words.iter().fold(0, |hash, word| fold(hash ^ u64::from_le_bytes(*word))) ^ last),
    }
}

/// Spreads a key over all bits: the two halves of a product of 128 bits, folded together.
#[inline]
pub(super) fn fold(key: u64) -> u64 {
    let product = u128::from(key ^ FOLD) * u128::from(FOLD.rotate_left(32) | 1);
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
fn load(text: &[u8], at: usize) -> u64 {
    let mut word = [0; WORD];
    word.copy_from_slice(&text[at..at + WORD]);
    u64::from_le_bytes(word)
}

/// Ones in the lowest `count` bytes, of at most seven.
#[inline]
fn low_bytes(count: u32) -> u64 {
    (1_u64 << (8 * count)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> (usize, u64) {
        let padded = format!("{text}\n\n\n\n\n\n\n\n\n");
        let ends = Ends::new(b',');
        let (end, key) = ends.find_with_key(padded.as_bytes(), 0);
        assert_eq!(end, ends.find(padded.as_bytes(), 0));
        (end, key)
    }

    #[test]
    fn finds_the_first_end_wherever_it_stands() {
        for length in 0..40 {
            let cell: String = (0..length).map(|i| char::from(b'a' + i as u8 % 26)).collect();
            assert_eq!(find(&format!("{cell},{cell}")), (length, key(cell.as_bytes())));
            assert_eq!(find(&format!("{cell}\n,")), (length, key(cell.as_bytes())));
        }
    }

    #[test]
    fn bytes_near_an_end_are_not_taken_for_it() {
        // `-` is `,` + 1 and 0xac is `,` with its high bit: the usual false friends of the trick.
        assert_eq!(find("-----,").0, 5);
        let text = *b"\x0b\xac\xac\x8a\x0b-\xff\x80\x00,\n\n\n\n\n\n\n\n";
        assert_eq!(Ends::new(b',').find(&text, 0), 9);
    }

    #[test]
    fn short_ids_are_their_own_key() {
        assert_eq!(key(b"a"), 0x61);
        assert_eq!(key(b"12345678"), u64::from_le_bytes(*b"12345678"));
        assert_ne!(key(b"123456789"), key(b"123456788"));
        assert_ne!(key(b"1234567812345678"), key(b"12345678"));
    }
}
