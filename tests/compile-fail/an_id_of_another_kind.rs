//! A quote's id asks for no booking, though both are made of the same letters.

use nots_core::{QuoteId, access};

fn main() {
    let quote = QuoteId::parse("quote_1").unwrap();
    let _ = access::quote(&quote);
    let _ = access::booking(&quote);
}
