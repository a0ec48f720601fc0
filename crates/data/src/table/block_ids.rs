//! `BlockIds`: the ids of a block of rows, and how their codes come to be those of the file.
//!
//! Blocks of rows are read at the same time, and yet the codes must not depend on it. While a batch of blocks is read,
//! the names of the whole file are only looked at; each block collects the names that it did not find there. Then the
//! blocks are settled in order:
//!
//! ```text
//! code(row) = code of the file            if the name was known before the batch
//!           = known + place in the block  otherwise, until settle() puts the code of the file in its stead
//! ```

use super::interner::{EMPTY, EMPTY_KEY, Interner, MOST_NAMES, Slot};
use super::words::{WORD, key};

/// Ids looked up together, so that the memory's answers are awaited together: each is far away once there are many
/// names.
const TOGETHER: usize = 32;

/// The ids of one block of rows and the names that only this block has.
#[derive(Debug, Default)]
pub(super) struct BlockIds {
    /// One id per row, as it was found.
    found: Vec<Found>,
    /// Ids that do not stand in the block as such, because quotes were doubled in them.
    apart: Vec<u8>,
    /// One code per row.
    pub(super) codes: Vec<u32>,
    new: Interner,
}

/// An id by its place in the block, or behind it by its place in `apart`.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    key: u64,
    start: u32,
    length: u32,
}

impl BlockIds {
    /// Makes ready for another block.
    pub(super) fn clear(&mut self) {
        self.found.clear();
        self.apart.clear();
        self.codes.clear();
        self.new.clear();
    }

    /// Adds a row's id, which is not empty and stands in the block from `start` on.
    #[inline]
    pub(super) fn push(&mut self, key: u64, start: usize, length: usize) {
        self.found.push(Found { key, start: start as u32, length: length as u32 });
    }

    /// Adds a row's id, which is not empty and does not stand as such in the block of the given length.
    pub(super) fn push_apart(&mut self, id: &[u8], block: usize) {
        self.push(key(id), block + self.apart.len(), id.len());
        self.apart.extend_from_slice(id);
    }

    /// Adds a row whose cell is empty, where that is allowed, in a block of the given length.
    pub(super) fn push_empty(&mut self, block: usize) {
        self.push(EMPTY_KEY, block + self.apart.len(), EMPTY.len());
        self.apart.extend_from_slice(EMPTY);
    }

    /// Forgets all rows from this one on.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.found.truncate(rows);
        self.codes.truncate(rows);
    }

    /// Looks the ids up; the first row whose id is not UTF-8 is an error.
    pub(super) fn look_up(&mut self, block: &[u8], known: &Interner) -> Result<(), (usize, String)> {
        let (before, Self { found, apart, codes, new }) = (known.len() as u32, self);
        codes.reserve(found.len());
        let mut slots = [(0, Slot::default()); TOGETHER];
        for group in found.chunks(TOGETHER) {
            for (slot, found) in slots.iter_mut().zip(group) {
                *slot = known.first_slot(found.key);
            }
            for (&(at, slot), found) in slots.iter().zip(group) {
                if slot.key == found.key && slot.length == found.length && found.length as usize <= WORD {
                    codes.push(slot.code);
                    continue;
                }
                let start = found.start as usize;
                let (text, start) =
                    if start < block.len() { (block, start) } else { (&apart[..], start - block.len()) };
                let id = &text[start..start + found.length as usize];
                let code = match known.get_from(at, found.key, id) {
                    Some(code) => code,
                    None => match new.insert_text(found.key, id) {
                        Some(code) => before + code,
                        None => return Err((codes.len(), String::from_utf8_lossy(id).into_owned())),
                    },
                };
                codes.push(code);
            }
        }
        Ok(())
    }

    /// Puts the codes of the file in the stead of the block's own; `before` is the number of names that the block could
    /// see.
    ///
    /// `false` if there are more names than codes.
    pub(super) fn settle(&mut self, file: &mut Interner, before: usize) -> bool {
        let code_of = |code: u32| {
            let name = self.new.name(code);
            file.insert(if name == EMPTY { EMPTY_KEY } else { key(name) }, name)
        };
        let settled: Vec<u32> = (0..self.new.len() as u32).map(code_of).collect();
        let moved = settled.iter().enumerate().any(|(place, &code)| code as usize != before + place);
        if moved {
            for code in &mut self.codes {
                if *code as usize >= before {
                    *code = settled[*code as usize - before];
                }
            }
        }
        file.len() <= MOST_NAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of these ids, every second of which does not stand in it as such.
    fn block(known: &Interner, names: &[&str]) -> BlockIds {
        let text = names.concat();
        let (mut ids, mut start) = (BlockIds::default(), 0);
        for (row, name) in names.iter().enumerate() {
            match row % 2 {
                0 => ids.push(key(name.as_bytes()), start, name.len()),
                _ => ids.push_apart(name.as_bytes(), text.len()),
            }
            start += name.len();
        }
        assert_eq!(ids.look_up(text.as_bytes(), known), Ok(()));
        ids
    }

    #[test]
    fn codes_follow_first_appearance_across_blocks_of_a_batch() {
        let mut file = Interner::default();
        let blocks = [["b", "a", "b"], ["c", "a", "a longer one"], ["a longer one", "d", "c"]];
        let mut read: Vec<BlockIds> = blocks.iter().map(|names| block(&file, names)).collect();
        assert!(read.iter_mut().all(|block| block.settle(&mut file, 0)));
        let codes: Vec<_> = read.iter().map(|block| block.codes.clone()).collect();
        assert_eq!(codes, [[0, 1, 0], [2, 1, 3], [3, 4, 2]]);
        // The next batch sees them all.
        let mut block = block(&file, &["d", "e"]);
        assert!(block.settle(&mut file, 5));
        assert_eq!(block.codes, [4, 5]);
        assert_eq!(file.into_names(), ["b", "a", "c", "a longer one", "d", "e"]);
    }

    #[test]
    fn empty_cells_have_a_code_and_bytes_like_theirs_do_not() {
        let mut file = Interner::default();
        let mut block = BlockIds::default();
        block.push(key(b"a"), 0, 1);
        block.push_empty(1);
        block.push_empty(1);
        assert_eq!(block.look_up(b"a", &file), Ok(()));
        assert!(block.settle(&mut file, 0));
        assert_eq!(block.codes, [0, 1, 1]);
        block.clear();
        block.push_empty(2);
        block.push(key(EMPTY), 0, EMPTY.len());
        assert_eq!(block.look_up(EMPTY, &file), Err((1, "\u{fffd}\u{fffd}".to_owned())));
        assert_eq!(block.codes, [1]);
        assert_eq!(file.into_names(), ["a", ""]);
    }

    #[test]
    fn a_name_that_is_not_text_is_refused() {
        let mut block = BlockIds::default();
        block.push(key(b"a"), 0, 1);
        block.push(key(b"\xff"), 1, 1);
        assert_eq!(block.look_up(b"a\xff", &Interner::default()), Err((1, "\u{fffd}".to_owned())));
    }
}
