//! The card processor's ports, over Stripe.
//!
//! [`StripePayments`] asks Stripe: it opens and ends Checkout Sessions, makes refunds and reads Stripe's own lists.
//! [`StripeNotices`] reads signed webhooks. Both are strict about what they send and verify, and take from what Stripe
//! says only what the platform uses, so that a field Stripe adds or reshapes elsewhere changes nothing here.
//!
//! **Invariant:** nothing here decides what a payment means, and no card holder's data enters an error or a log
//! line: of a refusal only Stripe's type, code and parameter name are kept.

mod ask;
mod checkout;
mod facts;
mod lists;
mod notices;
mod payments;
mod refunds;
mod signature;
#[cfg(test)]
mod tests;

pub use ask::{Patience, Refusal, Unusable};
pub use notices::StripeNotices;
pub use payments::StripePayments;
