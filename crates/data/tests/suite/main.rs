//! The crate from outside: small logs written by hand, arbitrary bytes, and the log that ships with the repository.

mod eshop_clickstream;
mod impressions;
mod labels;
mod properties;
mod refusals;
mod repairs;
mod rules;
mod shop;
