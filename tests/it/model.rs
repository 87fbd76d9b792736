//! The table against a small model of it: random operations, one after another and many at once, and after each of them every access
//! pattern asked of both.
//!
//! To add an entity: a [`Name`](state::Name), a [`Shown`](shown::Shown) that says what of a row the model knows, a line for each of
//! its access patterns in `compare.rs`, and an operation for each of its verbs in `ops.rs` and `verbs.rs`. `people.rs` and `papers.rs`
//! have all of these of their own entities.

mod at_once;
mod compare;
mod money;
mod ops;
mod papers;
mod people;
mod sequence;
mod shown;
mod state;
mod verbs;
mod world;
