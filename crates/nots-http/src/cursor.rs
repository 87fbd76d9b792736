//! Cursors: opaque, bound to the list they came from, and harmless when forged.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nots_core::table::{Entity, Index, Page, Position, Query};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Problem, QueryReader};

const DEFAULT_LIMIT: u32 = 25;
const MAX_LIMIT: u32 = 100;

/// `limit` and `cursor` of a list.
#[derive(Debug, Clone)]
pub struct Listing {
    /// 1 to 100, 25 unless given.
    pub limit: u32,
    cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Token {
    keys: BTreeMap<String, String>,
    seal: String,
}

/// Ties a position to its query, so that a cursor of another list, or a changed one, is refused. It is no
/// secret: a position that somebody makes up only begins a page elsewhere in the same partition.
fn seal(shape: &str, keys: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    hash.update(shape.as_bytes());
    for (name, value) in keys {
        hash.update([0]);
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(value.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize().get(..12).unwrap_or_default())
}

impl Listing {
    /// Reads `limit` and `cursor`.
    pub fn read(query: &mut QueryReader<'_>) -> Self {
        let limit = match query.whole("limit") {
            None => DEFAULT_LIMIT,
            Some(given) => match u32::try_from(given) {
                Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => limit,
                _ => {
                    query.refuse("limit", "must be from 1 to 100");
                    DEFAULT_LIMIT
                }
            },
        };
        Self { limit, cursor: query.text("cursor").map(str::to_owned) }
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 400 when the cursor is not one that this query gave.
    pub fn after<I: Index, E: Entity>(&self, query: &Query<I, E>) -> Result<Option<Position>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let token =
            URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|json| serde_json::from_slice::<Token>(&json).ok());
        let position = token
            .filter(|token| token.seal == seal(&query.shape(), &token.keys))
            .map(|token| Position(token.keys))
            .filter(|position| query.accepts(position));
        position.map(Some).ok_or_else(Problem::bad_cursor)
    }

    /// For a list of one page.
    ///
    /// # Errors
    /// 400 when a cursor was given all the same.
    pub fn single_page(&self) -> Result<(), Problem> {
        if self.cursor.is_none() { Ok(()) } else { Err(Problem::bad_cursor()) }
    }

    /// The cursor of the page after this one; none at the end.
    #[must_use]
    pub fn next<I: Index, E: Entity>(&self, query: &Query<I, E>, page: &Page<E>) -> Option<String> {
        let Position(keys) = page.next.clone()?;
        let token = Token { seal: seal(&query.shape(), &keys), keys };
        serde_json::to_vec(&token).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
    }
}
