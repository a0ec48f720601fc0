//! `FeedItems`: what can stand in a slate, with the content that a policy and a fitted visitor may look at.
//!
//! ```text
//! item i:   features[i · F .. (i + 1) · F]      topic[i] < topics      surface[i] < surfaces.len()
//! ```

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Items by number: observed content, never a visitor's taste.
///
/// # Shapes
/// `features [I, F]` row by row, `feature_names [F]`, `topic [I]`, `surface [I]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedItems {
    /// Observed content, finite.
    pub features: Vec<f32>,
    /// F.
    pub width: usize,
    /// What each feature is.
    pub feature_names: Vec<String>,
    /// Topic of each item.
    pub topic: Vec<u32>,
    /// Number of topics.
    pub topics: usize,
    /// Surface of each item.
    pub surface: Vec<u8>,
    /// Names of the surfaces, such as "product", "content", "ad".
    pub surfaces: Vec<String>,
}

impl FeedItems {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.topic.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.topic.is_empty()
    }

    /// Content of an item, `[F]`.
    #[inline]
    pub fn row(&self, item: u32) -> &[f32] {
        &self.features[item as usize * self.width..][..self.width]
    }

    /// Checks the columns against each other; `key` is the place named in messages.
    ///
    /// # Errors
    /// No items, columns of other lengths, a topic or surface that does not exist, a feature that is not finite.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let items = self.len();
        Error::unless(items > 0, key, "topic", || "there are no items; give at least one".to_owned())?;
        let (found, wanted) = (self.features.len(), items * self.width);
        Error::unless(found == wanted, key, "features", || {
            format!("{found} numbers for {items} items of {} features; give {wanted}", self.width)
        })?;
        Error::unless(self.features.iter().all(|x| x.is_finite()), key, "features", || {
            "hold a number that is not finite; repair what produced it".to_owned()
        })?;
        let (names, width) = (self.feature_names.len(), self.width);
        Error::unless(names == width, key, "feature_names", || format!("{names} names for {width} features"))?;
        let found = self.surface.len();
        Error::unless(found == items, key, "surface", || format!("{found} surfaces for {items} items; give one each"))?;
        let topics = self.topics;
        Error::unless(self.topic.iter().all(|&topic| (topic as usize) < topics), key, "topic", || {
            format!("topics are numbered 0 to {}; raise `topics`", topics.saturating_sub(1))
        })?;
        let surfaces = self.surfaces.len();
        Error::unless(self.surface.iter().all(|&surface| usize::from(surface) < surfaces), key, "surface", || {
            format!("surfaces are numbered 0 to {}; name every one in `surfaces`", surfaces.saturating_sub(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_checked_against_each_other() {
        let items = FeedItems {
            features: vec![0.0, 1.0, 2.0, 3.0],
            width: 2,
            feature_names: vec!["a".into(), "b".into()],
            topic: vec![0, 1],
            topics: 2,
            surface: vec![0, 0],
            surfaces: vec!["product".into()],
        };
        assert!(items.validate("items").is_ok() && items.row(1) == [2.0, 3.0]);
        let message = |items: FeedItems| items.validate("items").unwrap_err().to_string();
        let bad = message(FeedItems { topic: vec![0, 2], ..items.clone() });
        assert_eq!(bad, "items.topic: topics are numbered 0 to 1; raise `topics`");
        assert!(message(FeedItems { width: 3, ..items.clone() }).starts_with("items.features: 4 numbers for 2 items"));
        assert!(
            message(FeedItems { surface: vec![0, 1], ..items }).starts_with("items.surface: surfaces are numbered")
        );
    }
}
