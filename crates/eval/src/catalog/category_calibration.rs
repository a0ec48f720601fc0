//! Category calibration: does a list mix categories as its user's history does?
//!
//! ```text
//! p(g|u) = 1/|H_u| Σ_{i ∈ H_u} p(g|i)        shares of the categories g in the user's history, repeats included
//! q(g|u) = 1/|L_u| Σ_{i ∈ L_u} p(g|i)        shares in the first k places of the list
//! q̃(g|u) = (1 − α) q(g|u) + α p(g|u)     α = 0.01: a category missing from the list costs much, not infinitely much
//!
//! C_KL(u) = Σ_g p(g|u) ln( p(g|u) / q̃(g|u) )            in [0, ln(1/α)], nats; 0 = perfectly calibrated
//! C_H(u)  = √( ½ Σ_g (√p(g|u) − √q(g|u))² )             Hellinger distance, in [0, 1], without smoothing
//! ```
//!
//! p(g|i) is spread evenly over the categories of item i. The metric is the mean over the users who have both a history
//! and a list; the others are counted as skipped. KL tells a category that was dropped from one that was thinned out;
//! the Hellinger distance is the one to read when a bounded scale matters.
//! Reference: Steck, "Calibrated recommendations", RecSys 2018, §3 (KL with α = 0.01, Hellinger distance; item weights
//! w = 1).
//!
//! ```
//! use slatewise_eval::catalog::{CategoryCalibration, ItemCategories};
//!
//! // Items 0 and 1 are comedies, item 2 is a western.
//! let categories = ItemCategories::from_codes(&[0, 0, 1])?;
//! // A user of both kinds equally gets comedies only; half of p ends up where q̃ is 0.005.
//! let calibration = CategoryCalibration::new(&[vec![0, 2]], &[vec![1, 0]], 2, &categories)?;
//! assert!((calibration.kl - 0.5 * (0.5_f64 / 0.995).ln() - 0.5 * (0.5_f64 / 0.005).ln()).abs() < 1e-12);
//! assert!((calibration.hellinger - (1.0 - 0.5_f64.sqrt()).sqrt()).abs() < 1e-12);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Undefined};

/// Steck's smoothing weight α.
pub const CALIBRATION_SMOOTHING: f64 = 0.01;

/// The categories of every item: one or several each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemCategories {
    /// Where each item's categories begin, and where the last one's end.
    offset: Vec<usize>,
    category: Vec<u32>,
    categories: usize,
}

impl ItemCategories {
    /// Takes one category per item.
    ///
    /// # Errors
    /// No items.
    pub fn from_codes(code: &[u32]) -> Result<Self, Error> {
        Self::from_lists(&code.chunks(1).collect::<Vec<_>>())
    }

    /// Takes a list of categories per item.
    ///
    /// # Errors
    /// No items, an item without a category.
    pub fn from_lists<L: AsRef<[u32]>>(lists: &[L]) -> Result<Self, Error> {
        if lists.is_empty() {
            return Err(Error::Empty { what: "items" });
        }
        let mut offset = vec![0];
        let mut category = Vec::with_capacity(lists.len());
        for list in lists.iter().map(AsRef::as_ref) {
            if list.is_empty() {
                return Err(Error::Empty { what: "categories of an item" });
            }
            category.extend_from_slice(list);
            offset.push(category.len());
        }
        let categories = category.iter().max().map_or(0, |&largest| largest as usize + 1);
        Ok(Self { offset, category, categories })
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.offset.len() - 1
    }

    /// Shares of the categories among some items: zeros for none, else values that sum to 1.
    fn shares(&self, items: &[u32], shares: &mut [f64]) {
        shares.fill(0.0);
        for &item in items {
            let of_item = &self.category[self.offset[item as usize]..self.offset[item as usize + 1]];
            let weight = 1.0 / (of_item.len() * items.len()) as f64;
            of_item.iter().for_each(|&category| shares[category as usize] += weight);
        }
    }
}

/// How far the lists are from their users' histories, in the mean over users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoryCalibration {
    /// Mean C_KL in nats, in [0, ln 100].
    pub kl: f64,
    /// Mean Hellinger distance, in [0, 1].
    pub hellinger: f64,
    /// Users with both a history and a list.
    pub users: usize,
    /// Users without a history or with an empty list.
    pub skipped: usize,
}

impl CategoryCalibration {
    /// Compares the first `k` places of each user's list with that user's history.
    ///
    /// # Shapes
    /// `histories` and `lists`: item indices, one of each per user.
    ///
    /// # Errors
    /// `k` = 0, unequal numbers of histories and lists, an item beyond the catalogue; undefined when no user has both.
    pub fn new<H: AsRef<[u32]>, L: AsRef<[u32]>>(
        histories: &[H],
        lists: &[L],
        k: usize,
        categories: &ItemCategories,
    ) -> Result<Self, Error> {
        if k == 0 {
            return Err(Undefined::Zero { what: "k" }.into());
        }
        if histories.len() != lists.len() {
            let (left_len, right_len) = (histories.len(), lists.len());
            return Err(Error::UnequalLengths { left: "histories", left_len, right: "lists", right_len });
        }
        let (mut p, mut q) = (vec![0.0; categories.categories], vec![0.0; categories.categories]);
        let mut sum = Self { kl: 0.0, hellinger: 0.0, users: 0, skipped: 0 };
        for (row, (history, list)) in histories.iter().zip(lists).enumerate() {
            let (history, list) = (history.as_ref(), list.as_ref());
            known("history", row, history, categories.items())?;
            known("list", row, list, categories.items())?;
            if history.is_empty() || list.is_empty() {
                sum.skipped += 1;
                continue;
            }
            categories.shares(history, &mut p);
            categories.shares(&list[..k.min(list.len())], &mut q);
            sum.kl += calibration_kl(&p, &q, CALIBRATION_SMOOTHING);
            sum.hellinger += hellinger_distance(&p, &q);
            sum.users += 1;
        }
        if sum.users == 0 {
            return Err(Undefined::NoHistory.into());
        }
        let users = sum.users as f64;
        Ok(Self { kl: sum.kl / users, hellinger: sum.hellinger / users, ..sum })
    }
}

fn known(what: &'static str, row: usize, items: &[u32], catalogue: usize) -> Result<(), Error> {
    match items.iter().map(|&item| item as usize).find(|&item| item >= catalogue) {
        Some(item) => Err(Error::UnknownItem { what, row: row + 1, item, items: catalogue }),
        None => Ok(()),
    }
}

/// Steck's smoothed divergence of a list's shares `q` from a history's shares `p`, in nats, in [0, ln(1/α)].
///
/// # Panics
/// If `p` and `q` differ in length.
pub fn calibration_kl(p: &[f64], q: &[f64], smoothing: f64) -> f64 {
    assert_eq!(p.len(), q.len(), "p and q: one share of each per category");
    let terms = p.iter().zip(q).filter(|(p, _)| **p > 0.0);
    let sum: f64 = terms.map(|(p, q)| p * (p / ((1.0 - smoothing) * q + smoothing * p)).ln()).sum();
    // Equal shares can come out as a rounding error below 0.
    sum.max(0.0)
}

/// Hellinger distance of two lists of shares, in [0, 1].
///
/// # Panics
/// If `p` and `q` differ in length.
pub fn hellinger_distance(p: &[f64], q: &[f64]) -> f64 {
    assert_eq!(p.len(), q.len(), "p and q: one share of each per category");
    let sum: f64 = p.iter().zip(q).map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum();
    (sum / 2.0).sqrt().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergences_by_hand() {
        // p = (.7, .3), q = (.5, .5): q̃ = (.502, .498); .7 ln(.7/.502) + .3 ln(.3/.498) = .232736 − .152045 = .080691.
        let kl = calibration_kl(&[0.7, 0.3], &[0.5, 0.5], 0.01);
        assert!((kl - 0.080_691).abs() < 1e-6, "{kl}");
        // (√.7 − √.5)² = .016784, (√.3 − √.5)² = .025403; √(.042187 / 2) = .145237.
        let hellinger = hellinger_distance(&[0.7, 0.3], &[0.5, 0.5]);
        assert!((hellinger - 0.145_237).abs() < 1e-6, "{hellinger}");
        assert_eq!(
            (calibration_kl(&[0.1, 0.9], &[0.1, 0.9], 0.01), hellinger_distance(&[0.1, 0.9], &[0.1, 0.9])),
            (0.0, 0.0)
        );
        // Nothing in common: ln 100 and 1.
        assert!((calibration_kl(&[1.0, 0.0], &[0.0, 1.0], 0.01) - 100.0_f64.ln()).abs() < 1e-12);
        assert_eq!(hellinger_distance(&[1.0, 0.0], &[0.0, 1.0]), 1.0);
    }

    #[test]
    fn several_categories_share_an_item_and_users_without_history_are_counted() -> Result<(), Error> {
        // Item 0 is half comedy (0), half western (1); items 1 and 2 are one of each. The list mixes as the history.
        let categories = ItemCategories::from_lists(&[vec![0, 1], vec![0], vec![1]])?;
        let calibration = CategoryCalibration::new(&[vec![0], vec![]], &[vec![1, 2, 0], vec![1]], 2, &categories)?;
        assert_eq!(calibration, CategoryCalibration { kl: 0.0, hellinger: 0.0, users: 1, skipped: 1 });
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() -> Result<(), Error> {
        let categories = ItemCategories::from_codes(&[0, 1])?;
        let new =
            |history: &[u32], list: &[u32], k| CategoryCalibration::new(&[history], &[list], k, &categories).err();
        assert_eq!(new(&[], &[0], 1), Some(Error::Undefined(Undefined::NoHistory)));
        assert_eq!(new(&[0], &[0], 0), Some(Error::Undefined(Undefined::Zero { what: "k" })));
        assert_eq!(new(&[0], &[2], 1), Some(Error::UnknownItem { what: "list", row: 1, item: 2, items: 2 }));
        assert_eq!(ItemCategories::from_codes(&[]), Err(Error::Empty { what: "items" }));
        assert!(ItemCategories::from_lists(&[vec![0], vec![]]).is_err());
        Ok(())
    }
}
