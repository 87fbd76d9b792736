//! The card processor's ports, over Stripe.
//!
//! [`StripePayments`] opens Checkout Sessions and [`StripeNotices`] reads signed webhooks. Both are strict about
//! what they send and verify, and take from what Stripe answers only what the platform uses, so that a field
//! Stripe adds or reshapes elsewhere changes nothing here.
//!
//! **Invariant:** nothing here decides what a payment means, and no card holder's data enters an error or a log
//! line: of a refusal only Stripe's type, code and parameter name are kept.

mod checkout;
mod notices;
#[cfg(test)]
mod tests;

pub use checkout::{Patience, Refusal, StripePayments, Unusable};
pub use notices::StripeNotices;
