//! `Interner`: ids as text → codes 0, 1, 2, … in the order of first appearance.
//!
//! A hash table of open addressing. Ids of up to eight bytes, which most are, are compared within the table itself;
//! longer ones are looked at.
//!
//! # Reference
//! D. E. Knuth, *The Art of Computer Programming*, volume 3, 2nd edition, section 6.4, algorithm L: linear probing.

use std::borrow::Cow;

#[cfg(feature = "engine")]
use super::words::key;
use super::words::{WORD, fold};

/// More names than this are refused, so that codes of 32 bits suffice with a block's new names on top.
pub(super) const MOST_NAMES: usize = (u32::MAX - (1 << 28)) as usize;

/// What stands for the empty text among the names: bytes that no text holds, under a key that no two bytes have.
pub(crate) const EMPTY: &[u8] = b"\xff\xff";
pub(crate) const EMPTY_KEY: u64 = u64::MAX;

/// One place of the hash table; `length` 0 marks a free one, since no id is empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    pub(super) key: u64,
    pub(super) length: u32,
    pub(super) code: u32,
}

/// The names of an id column.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    /// A power of two of them, at most 3/4 taken; linear probing.
    slots: Vec<Slot>,
    /// The names, one after the other.
    text: Vec<u8>,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
}

impl Interner {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes held.
    #[cfg(feature = "engine")]
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Slot>() * self.slots.capacity() + self.text.capacity() + size_of::<usize>() * self.ends.capacity()
    }

    pub(crate) fn name(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.text[start..self.ends[code]]
    }

    /// The name as text.
    pub(super) fn text(&self, code: u32) -> Cow<'_, str> {
        let name = self.name(code);
        if name == EMPTY { Cow::Borrowed("") } else { String::from_utf8_lossy(name) }
    }

    /// Where the search for a key begins, and what is there.
    #[inline]
    pub(super) fn first_slot(&self, key: u64) -> (usize, Slot) {
        // No slots at all: a free one, from which nothing is searched.
        let at = fold(key) as usize & self.slots.len().wrapping_sub(1);
        (at, self.slots.get(at).copied().unwrap_or_default())
    }

    /// The code of a name, or the free slot for it.
    fn look(&self, mut at: usize, key: u64, id: &[u8]) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        loop {
            let slot = self.slots[at];
            if slot.length == 0 {
                return Err(at);
            }
            // Up to eight bytes the key is the id.
            if slot.key == key && slot.length == id.len() as u32 && (id.len() <= WORD || self.name(slot.code) == id) {
                return Ok(slot.code);
            }
            at = (at + 1) & mask;
        }
    }

    /// The code of a name, if it is known; the search begins at `at`.
    pub(super) fn get_from(&self, at: usize, key: u64, id: &[u8]) -> Option<u32> {
        if self.slots.is_empty() { None } else { self.look(at, key, id).ok() }
    }

    /// The code of a name, which is new if it was not known.
    pub(crate) fn insert(&mut self, key: u64, id: &[u8]) -> u32 {
        match self.get_from(self.first_slot(key).0, key, id) {
            Some(code) => code,
            None => self.add(key, id),
        }
    }

    /// The same for bytes that may not be text: `None` if they are not.
    pub(super) fn insert_text(&mut self, key: u64, id: &[u8]) -> Option<u32> {
        match self.get_from(self.first_slot(key).0, key, id) {
            Some(code) => Some(code),
            None => (key == EMPTY_KEY && id == EMPTY || std::str::from_utf8(id).is_ok()).then(|| self.add(key, id)),
        }
    }

    /// The code of a text, if it is known.
    #[cfg(feature = "engine")]
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        let (key, id) = keyed(text);
        self.get_from(self.first_slot(key).0, key, id)
    }

    /// The code of a text, which is new if it was not known.
    #[cfg(feature = "engine")]
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        let (key, id) = keyed(text);
        self.insert(key, id)
    }

    fn add(&mut self, key: u64, id: &[u8]) -> u32 {
        if 4 * (self.len() + 1) > 3 * self.slots.len() {
            self.grow();
        }
        let code = self.len() as u32;
        let slot = Slot { key, length: id.len() as u32, code };
        put(&mut self.slots, slot);
        self.push_name(id);
        code
    }

    fn grow(&mut self) {
        let mut larger = vec![Slot::default(); (2 * self.slots.len()).max(1 << 10)];
        self.slots.iter().filter(|slot| slot.length != 0).for_each(|&slot| put(&mut larger, slot));
        self.slots = larger;
    }

    /// Forgets all names and keeps the memory.
    pub(super) fn clear(&mut self) {
        if self.len() > 0 {
            self.slots.fill(Slot::default());
            self.text.clear();
            self.ends.clear();
        }
    }

    /// The names as one text, each behind its length and a colon: `2:u7 0: 5:a b c` without the spaces.
    #[cfg(feature = "engine")]
    pub(crate) fn packed(&self) -> String {
        let mut packed = String::with_capacity(self.text.len() + 3 * self.len());
        for code in 0..self.len() as u32 {
            let name = self.text(code);
            packed.push_str(&name.len().to_string());
            packed.push(':');
            packed.push_str(&name);
        }
        packed
    }

    /// Names that were packed, and the empty one behind them if it is not among them, with its code. They are named by code, and
    /// never looked up.
    #[cfg(feature = "parquet")]
    pub(super) fn unpacked(mut packed: &str) -> Option<(Self, u32)> {
        let (mut names, mut empty) = (Self::default(), None);
        while !packed.is_empty() {
            let (length, rest) = packed.split_once(':')?;
            let (name, behind) = rest.split_at_checked(length.parse().ok()?)?;
            empty = empty.or(name.is_empty().then_some(names.len()));
            names.push_name(if name.is_empty() { EMPTY } else { name.as_bytes() });
            packed = behind;
        }
        let empty = empty.unwrap_or_else(|| {
            names.push_name(EMPTY);
            names.len() - 1
        });
        (names.len() <= MOST_NAMES).then_some((names, empty as u32))
    }

    fn push_name(&mut self, name: &[u8]) {
        self.text.extend_from_slice(name);
        self.ends.push(self.text.len());
    }

    /// The names in the order of their codes.
    pub(super) fn into_names(self) -> Vec<String> {
        (0..self.len() as u32).map(|code| self.text(code).into_owned()).collect()
    }
}

/// What a text is looked up by.
#[cfg(feature = "engine")]
fn keyed(text: &str) -> (u64, &[u8]) {
    if text.is_empty() { (EMPTY_KEY, EMPTY) } else { (key(text.as_bytes()), text.as_bytes()) }
}

/// Puts a name that is not there yet.
fn put(slots: &mut [Slot], slot: Slot) {
    let mask = slots.len() - 1;
    let mut at = fold(slot.key) as usize & mask;
    while slots[at].length != 0 {
        at = (at + 1) & mask;
    }
    slots[at] = slot;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::words::key;

    #[test]
    fn many_names_keep_their_codes_while_the_table_grows() {
        let mut names = Interner::default();
        let name = |i: u32| format!("user-{i:0width$}", width = 1 + (i % 12) as usize);
        for i in 0..50_000 {
            let name = name(i);
            assert_eq!(names.insert(key(name.as_bytes()), name.as_bytes()), i);
        }
        for i in (0..50_000).rev() {
            let name = name(i);
            assert_eq!(names.insert(key(name.as_bytes()), name.as_bytes()), i);
        }
    }

    #[test]
    fn names_with_one_key_are_told_apart() {
        let mut names = Interner::default();
        assert_eq!(names.insert(7, b"a long name 1"), 0);
        assert_eq!(names.insert(7, b"a long name 2"), 1);
        assert_eq!(names.insert(7, b"\x07"), 2);
        assert_eq!(names.insert(7, b"a long name 2"), 1);
        assert_eq!(names.len(), 3);
    }

    #[cfg(feature = "engine")]
    #[test]
    fn packed_names_are_unpacked_whatever_they_hold() {
        let mut names = Interner::default();
        for name in ["7:", "é", "a longer name, with a comma"] {
            names.code(name);
        }
        let unpacked = |packed: &str| Interner::unpacked(packed).map(|(names, empty)| (names.into_names(), empty));
        let known = ["7:", "é", "a longer name, with a comma", ""].map(str::to_owned).to_vec();
        assert_eq!(unpacked(&names.packed()), Some((known.clone(), 3)));
        names.code("");
        assert_eq!(unpacked(&names.packed()), Some((known, 3)));
        assert_eq!(unpacked("0:1:a"), Some((vec![String::new(), "a".to_owned()], 0)));
        for damaged in ["1", "x:a", "9:a", "1:é"] {
            assert_eq!(unpacked(damaged), None, "{damaged}");
        }
    }
}
