//! How a `ChaCha8Rng` is saved: seed, stream and position, from which it is built again.
//!
//! For fields with `#[serde(with = "slatewise_model::generator")]`.
//! Stream and position are text, because TOML has no integers beyond 63 bits.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    seed: [u8; 32],
    stream: String,
    /// In words of 32 bits.
    word: String,
}

/// Writes a generator.
///
/// # Errors
/// The format cannot hold it.
pub fn serialize<S: Serializer>(rng: &ChaCha8Rng, serializer: S) -> Result<S::Ok, S::Error> {
    let (stream, word) = (rng.get_stream().to_string(), rng.get_word_pos().to_string());
    Position { seed: rng.get_seed(), stream, word }.serialize(serializer)
}

/// Builds a generator that goes on where the written one stood.
///
/// # Errors
/// The position is not one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChaCha8Rng, D::Error> {
    let Position { seed, stream, word } = Position::deserialize(deserializer)?;
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(stream.parse().map_err(D::Error::custom)?);
    rng.set_word_pos(word.parse().map_err(D::Error::custom)?);
    Ok(rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[derive(Serialize, Deserialize)]
    struct Saved {
        #[serde(with = "super")]
        rng: ChaCha8Rng,
    }

    /// At the start of a block, in the middle of one, at its end, on a far stream and past 2³² words.
    #[test]
    fn a_generator_read_back_draws_the_same() -> Result<(), Box<dyn std::error::Error>> {
        for (drawn, stream, skipped) in [(0, 0, 0), (1, 0, 0), (64, 3, 0), (77, u64::MAX, 0), (5, 1, 1_u128 << 40)] {
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            rng.set_stream(stream);
            rng.set_word_pos(skipped);
            for _ in 0..drawn {
                rng.next_u32();
            }
            let Saved { rng: mut read } = toml::from_str(&toml::to_string(&Saved { rng: rng.clone() })?)?;
            assert_eq!(read, rng);
            for draw in 0..200 {
                assert_eq!(read.next_u32(), rng.next_u32(), "draw {draw} after {drawn} of stream {stream}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_position_that_is_no_number_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let text = toml::to_string(&Saved { rng: ChaCha8Rng::seed_from_u64(9) })?;
        assert!(toml::from_str::<Saved>(&text.replace("word = \"0\"", "word = \"-1\"")).is_err());
        Ok(())
    }
}
