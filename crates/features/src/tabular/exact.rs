//! Numbers of a fitted encoder as text, so that the file reads back bit for bit whatever the parser: JSON parsers may
//! be off by a unit in the last place.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A float64 that is written as the shortest decimal that reads back as itself.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Exact(pub(super) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Exact;

    #[test]
    fn awkward_numbers_read_back_as_they_are() -> Result<(), serde_json::Error> {
        for x in [0.1 + 0.2, 1.0 / 3.0, 38.581_646_755_320_78, 5e-324, f64::MAX, -0.0, 189_778.366_512_084_96] {
            let read: Exact = serde_json::from_str(&serde_json::to_string(&Exact(x))?)?;
            assert_eq!(read.0.to_bits(), x.to_bits());
        }
        Ok(())
    }
}
