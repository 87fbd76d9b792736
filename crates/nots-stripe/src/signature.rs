//! Whether Stripe signed it.

use hmac::{Hmac, Mac};
use nots_core::Timestamp;
use sha2::Sha256;

/// Seconds that a signature may be old, or ahead of us.
const TOLERANCE: u64 = 300;

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error("the header is not a signature")]
    Header,
    #[error("the signature is too old, or ahead of us")]
    Time,
    #[error("no signature in it was made with a secret of ours")]
    Signature,
}

/// Stripe's scheme: `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`, with a `v1` for each secret while one is rotated.
/// `secrets` are those of ours that may have made one, between commas or white space.
///
/// The library's own reader of webhooks has this too, but no way to it that does not link the decoders of every object
/// that Stripe has.
pub(crate) fn verify(body: &str, header: &str, secrets: &str, now: Timestamp) -> Result<(), Unsigned> {
    let mut time = None;
    let mut candidates = Vec::new();
    for pair in header.split(',') {
        match pair.trim().split_once('=').ok_or(Unsigned::Header)? {
            ("t", text) => time = Some(text),
            ("v1", text) => candidates.push(text),
            _ => {}
        }
    }
    let time = time.ok_or(Unsigned::Header)?;
    let signed_at =
        time.parse::<i64>().ok().and_then(|seconds| Timestamp::new(seconds).ok()).ok_or(Unsigned::Time)?;
    let candidates: Vec<Vec<u8>> = candidates.iter().filter_map(|text| hex::decode(text).ok()).collect();
    let signed = format!("{time}.{body}");
    // An empty secret would verify what anyone can sign.
    let mut secrets = secrets.split([',', ' ', '\t', '\r', '\n']).filter(|secret| !secret.is_empty());
    if !secrets.any(|secret| made_with(secret, &signed, &candidates)) {
        return Err(Unsigned::Signature);
    }
    if now.since(signed_at).max(signed_at.since(now)) > TOLERANCE { Err(Unsigned::Time) } else { Ok(()) }
}

fn made_with(secret: &str, signed: &str, candidates: &[Vec<u8>]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(signed.as_bytes());
    candidates.iter().any(|bytes| mac.clone().verify_slice(bytes).is_ok())
}
