//! Pseudonyms and noise: what stands in a typed column instead of what stood in the file.
//!
//! ```text
//! pseudonym   first 128 bits of HMAC-SHA256(key, id), as 26 characters of a–z and 2–7
//! generalise  34 with step 10 → 30        "12345" cut to 3 → "123"
//! noise       value − scale · sign(u) · ln(1 − 2|u|),  u uniform in (−½, ½), drawn from (key, seed, column, file, line, row of the line)
//! ```
//!
//! The same id has the same pseudonym in every column and table, so that they still join. Noise depends on where the cell
//! stands and on nothing else, so that it is the same for any number of threads.
//!
//! # Reference
//! HMAC: RFC 2104. Base32: RFC 4648. Dwork et al., *Calibrating Noise to Sensitivity in Private Data Analysis* (2006).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::log::error::LogError;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Ids remembered per thread: most events come from few ids.
const REMEMBERED: usize = 1 << 16;
/// Shortest key, in bytes.
pub(super) const SHORTEST_KEY: usize = 16;

/// A pseudonym's characters.
pub(super) type Pseudonym = [u8; 26];

/// Makes pseudonyms and draws noise.
#[derive(Debug)]
pub(super) struct Protection {
    mac: Option<Hmac<Sha256>>,
    noise_seed: u64,
    /// Memories that no thread uses at the moment.
    idle: Mutex<Vec<Memory>>,
}

/// Pseudonyms made lately.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<Box<[u8]>, Pseudonym>);

impl Protection {
    /// With the key where one is needed; `key_variable` names it in the error.
    pub(super) fn new(key: Option<&[u8]>, needed: Option<&str>, seed: u64) -> Result<Self, LogError> {
        let mac = match (key, needed) {
            (Some(key), _) if key.len() >= SHORTEST_KEY => Hmac::<Sha256>::new_from_slice(key).ok(),
            (_, None) => None,
            (key, Some(variable)) => {
                let what = key.map_or("not set".to_owned(), |key| format!("{} bytes", key.len()));
                return Err(LogError::config(
                    "schema.privacy.key_variable",
                    format!("{variable} is {what}"),
                    format!("put a secret of at least {SHORTEST_KEY} bytes into this environment variable"),
                ));
            }
        };
        let noise_seed = mac.as_ref().map_or(seed, |mac| first_word(mac, &[b"noise", &seed.to_le_bytes()[..]]));
        Ok(Self { mac, noise_seed, idle: Mutex::default() })
    }

    /// A memory for one thread's block.
    pub(super) fn memory(&self) -> Memory {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Hands a memory back.
    pub(super) fn give_back(&self, memory: Memory) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    /// The id's pseudonym; none without a key.
    pub(super) fn pseudonym(&self, id: &[u8], memory: &mut Memory) -> Option<Pseudonym> {
        if let Some(known) = memory.0.get(id) {
            return Some(*known);
        }
        let code = self.mac.clone()?.chain_update(id).finalize().into_bytes();
        let bits = code.first_chunk::<16>().map(|first| u128::from_be_bytes(*first))?;
        let pseudonym = base32(bits);
        if memory.0.len() >= REMEMBERED {
            memory.0.clear();
        }
        memory.0.insert(id.into(), pseudonym);
        Some(pseudonym)
    }

    /// Laplace noise of a scale for the cell that `spot` names.
    pub(super) fn noise(&self, scale: f64, spot: [u64; 4]) -> f64 {
        let word = spot.iter().fold(self.noise_seed, |word, part| split_mix(word ^ part));
        // The middle of one of 2⁵³ equal parts of (−½, ½): never an end, whose logarithm is infinite.
        let uniform = ((word >> 11) as f64 + 0.5) / (1_u64 << 53) as f64 - 0.5;
        -scale * uniform.signum() * (1.0 - 2.0 * uniform.abs()).ln()
    }
}

fn first_word(mac: &Hmac<Sha256>, parts: &[&[u8]]) -> u64 {
    let code = parts.iter().fold(mac.clone(), Mac::chain_update).finalize().into_bytes();
    code.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// 128 bits as 26 characters: 25 of five bits, and one of the last three.
fn base32(bits: u128) -> Pseudonym {
    std::array::from_fn(|at| {
        let digit = if at < 25 { bits >> (123 - 5 * at) } else { bits << 2 };
        ALPHABET[digit as usize & 31]
    })
}

/// # Reference
/// Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators* (2014).
fn split_mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// A text's first characters.
pub(super) fn cut(text: &[u8], characters: usize) -> &[u8] {
    // A character begins wherever a byte does not continue one.
    let begins = text.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80);
    begins.map(|(at, _)| at).nth(characters).map_or(text, |end| &text[..end])
}

/// A number rounded down to a multiple of a step.
pub(super) fn round_down(value: f64, step: f64) -> f64 {
    (value / step).floor() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_those_of_the_standard() -> Result<(), LogError> {
        // RFC 4231, test case 2: key "Jefe", extended with zeros as HMAC does itself; data "what do ya want for nothing?".
        let mut key = b"Jefe".to_vec();
        key.resize(16, 0);
        let protection = Protection::new(Some(&key), Some("KEY"), 0)?;
        let mut memory = protection.memory();
        let pseudonym = protection.pseudonym(b"what do ya want for nothing?", &mut memory);
        // 5bdcc146bf60754e6a042426089575c7 in base32.
        assert_eq!(pseudonym.as_ref().map(|text| &text[..]), Some(&b"lpomcrv7mb2u42qeeqtarflvy4"[..]));
        assert_eq!(protection.pseudonym(b"what do ya want for nothing?", &mut memory), pseudonym);
        assert_ne!(protection.pseudonym(b"0", &mut memory), protection.pseudonym(b"00", &mut memory));
        Ok(())
    }

    #[test]
    fn a_short_or_absent_key_is_said_and_never_shown() {
        let says =
            |key: Option<&[u8]>| Protection::new(key, Some("LOG_KEY"), 0).map(drop).map_err(|error| error.to_string());
        let mend = "put a secret of at least 16 bytes into this environment variable";
        assert_eq!(says(None), Err(format!("schema.privacy.key_variable: LOG_KEY is not set: {mend}")));
        assert_eq!(says(Some(b"short")), Err(format!("schema.privacy.key_variable: LOG_KEY is 5 bytes: {mend}")));
        assert_eq!(says(Some(&[7; 16])), Ok(()));
    }

    #[test]
    fn noise_is_laplace_and_depends_on_the_place_alone() -> Result<(), LogError> {
        let protection = Protection::new(None, None, 5)?;
        let draws: Vec<f64> = (0..100_000).map(|line| protection.noise(2.0, [1, 0, line, 0])).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let spread = draws.iter().map(|draw| draw.abs()).sum::<f64>() / 1e5;
        // The mean of 10⁵ draws has a standard error of 2·√2/√10⁵ = .009, that of their size one of .0063.
        assert!(mean.abs() < 0.036 && (spread - 2.0).abs() < 0.025, "{mean} {spread}");
        assert_eq!(protection.noise(2.0, [1, 0, 7, 0]), draws[7]);
        assert_ne!(protection.noise(2.0, [2, 0, 7, 0]), draws[7]);
        let keyed = Protection::new(Some(&[1; 16]), Some("KEY"), 5)?;
        assert_ne!(keyed.noise(2.0, [1, 0, 7, 0]), draws[7]);
        Ok(())
    }

    #[test]
    fn coarser_values() {
        assert_eq!((cut("żółw".as_bytes(), 2), cut(b"ab", 5)), ("żó".as_bytes(), &b"ab"[..]));
        assert_eq!((round_down(34.0, 10.0), round_down(-1.0, 10.0), round_down(0.7, 0.5)), (30.0, -10.0, 0.5));
    }
}
