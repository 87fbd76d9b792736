//! Cursors: opaque, bound to the list they came from, and harmless when forged.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nots_core::table::{Entity, Index, Page, Position, Query, RawKey};
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
    sk: String,
    told: BTreeMap<u16, (String, String)>,
    seal: String,
}

/// Ties a position to its query, so that a cursor of another list, or a changed one, is refused. It is no
/// secret: a position that somebody makes up only begins a page elsewhere in the same partition.
fn seal(shape: &str, position: &Position) -> String {
    let mut hash = Sha256::new();
    hash.update(shape.as_bytes());
    hash.update([0]);
    hash.update(position.sk.as_bytes());
    for (shard, key) in &position.told {
        hash.update([0]);
        hash.update(shard.to_be_bytes());
        hash.update(key.pk.as_bytes());
        hash.update([0]);
        hash.update(key.sk.as_bytes());
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
        let position = token.and_then(|Token { sk, told, seal: given }| {
            let told = told.into_iter().map(|(shard, (pk, sk))| (shard, RawKey { pk, sk })).collect();
            let position = Position { sk, told };
            (given == seal(&query.shape(), &position) && query.accepts(&position)).then_some(position)
        });
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
        let position = page.next.clone()?;
        let seal = seal(&query.shape(), &position);
        let told = position.told.into_iter().map(|(shard, key)| (shard, (key.pk, key.sk))).collect();
        let token = Token { sk: position.sk, told, seal };
        serde_json::to_vec(&token).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
    }
}
