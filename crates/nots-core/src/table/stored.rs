//! An item: an entity, and what every item has beside its `Data`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;

use super::{
    entity::{Entity, IndexSet},
    size::{MOST_BYTES, item_bytes},
    unknown::{Beyond, beyond, overlay},
};
use crate::{actor::Actor, time::Timestamp};

/// An item as plain data: attribute names to values.
pub type Item = HashMap<String, AttributeValue>;

/// How often an item has been written; the first write is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of an item's first write.
    pub const FIRST: Self = Self(1);

    /// A version by its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// What the next write makes of it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What every item has beside its `Data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// `CreatedAt`.
    pub created_at: Timestamp,
    /// `UpdatedAt`.
    pub updated_at: Timestamp,
    /// `UpdatedBy`: who made this version.
    pub updated_by: Actor,
    /// `Version`.
    pub version: Version,
}

/// An entity as the table holds it.
#[derive(Debug, Clone)]
pub struct Stored<E> {
    /// The item's `Data`.
    pub data: E,
    /// The rest of it.
    pub meta: Meta,
    /// What a newer version wrote and this one does not know; an update keeps it.
    unknown: Unknown,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Unknown {
    attributes: Item,
    data: HashMap<String, Beyond>,
}

impl<E: PartialEq> PartialEq for Stored<E> {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && self.meta == other.meta
    }
}

/// An item in the table is not what its key says it should be.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// An attribute that every item has is missing or of another type.
    #[error("{entity} item has no usable `{attribute}`")]
    Attribute {
        /// The entity that was asked for.
        entity: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// It is larger than DynamoDB takes.
    #[error("{entity} item has {bytes} bytes, more than DynamoDB takes")]
    Size {
        /// The entity.
        entity: &'static str,
        /// How large it is.
        bytes: usize,
    },
    /// `Data` does not have the entity's shape. What does not fit is not told: it may be somebody's data, and an
    /// error is logged.
    #[error("{entity} item's Data is not of its shape")]
    Data {
        /// The entity that was asked for.
        entity: &'static str,
    },
}

/// Attribute values, short.
pub mod attr {
    use serde_dynamo::AttributeValue;

    use super::Item;

    /// An item's `Data`, for a step of [`super::Entity::UPGRADES`] to change; none when it has none.
    #[must_use]
    pub fn data(item: &mut Item) -> Option<&mut Item> {
        match item.get_mut("Data") {
            Some(AttributeValue::M(data)) => Some(data),
            _ => None,
        }
    }

    /// A string.
    #[must_use]
    pub fn text(value: impl Into<String>) -> AttributeValue {
        AttributeValue::S(value.into())
    }

    /// A number.
    #[must_use]
    pub fn number(value: impl std::fmt::Display) -> AttributeValue {
        AttributeValue::N(value.to_string())
    }
}

/// The attributes of every item that [`Stored::to_item`] itself writes.
const OWN: [&str; 8] = ["PK", "SK", "EntityType", "Data", "CreatedAt", "UpdatedAt", "Version", "UpdatedBy"];
const INDEX_KEYS: [&str; 6] = ["GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK", "GSI3PK", "GSI3SK"];
const TTL: &str = "TTL";
const SCHEMA_VERSION: &str = "SchemaVersion";

/// The schema that an item was written in; the first, for one that does not say or says nonsense.
fn schema_of(item: &Item) -> u32 {
    match item.get(SCHEMA_VERSION) {
        Some(AttributeValue::N(number)) => number.parse().unwrap_or(1).max(1),
        _ => 1,
    }
}

impl<E: Entity> Stored<E> {
    pub(super) fn first(data: E, by: Actor, at: Timestamp) -> Self {
        let meta = Meta { created_at: at, updated_at: at, updated_by: by, version: Version::FIRST };
        Self { data, meta, unknown: Unknown::default() }
    }

    pub(super) fn next(self, data: E, by: Actor, at: Timestamp) -> Self {
        let meta = Meta {
            created_at: self.meta.created_at,
            updated_at: at,
            updated_by: by,
            version: self.meta.version.next(),
        };
        Self { data, meta, unknown: self.unknown }
    }

    /// The item to write: keys, every index key and `Data` follow from the entity.
    ///
    /// # Errors
    /// When `Data` cannot be held by DynamoDB; a fault of ours.
    pub fn to_item(&self) -> Result<Item, DecodeError> {
        let mut item = self.unknown.attributes.clone();
        let key = E::key_of(self.data.id());
        item.insert("PK".to_owned(), attr::text(key.pk.0));
        item.insert("SK".to_owned(), attr::text(key.sk));
        item.insert("EntityType".to_owned(), attr::text(E::TYPE));
        E::Indexes::write(self, &mut item);
        let mut data = to_map(&self.data)?;
        overlay(&mut data, &self.unknown.data);
        item.insert("Data".to_owned(), AttributeValue::M(data));
        item.insert("CreatedAt".to_owned(), attr::number(self.meta.created_at));
        item.insert("UpdatedAt".to_owned(), attr::number(self.meta.updated_at));
        item.insert("UpdatedBy".to_owned(), attr::text(self.meta.updated_by.to_string()));
        item.insert("Version".to_owned(), attr::number(self.meta.version));
        item.entry(SCHEMA_VERSION.to_owned()).or_insert_with(|| attr::number(E::SCHEMA));
        if let Some(ttl) = E::ttl(self) {
            item.insert(TTL.to_owned(), attr::number(ttl));
        }
        Ok(item)
    }

    /// The item to write, once it is sure that it can be: DynamoDB takes its size, and what is written can be read
    /// again, so that a bound that holds for what is read holds for what is kept.
    ///
    /// # Errors
    /// When it cannot; a fault of ours.
    pub(super) fn to_sound_item(&self) -> Result<Item, DecodeError> {
        let item = self.to_item()?;
        let (entity, bytes) = (E::TYPE, item_bytes(&item));
        if bytes > MOST_BYTES {
            return Err(DecodeError::Size { entity, bytes });
        }
        Self::from_item(item.clone())?;
        Ok(item)
    }

    /// Reads an item: what was written in an earlier schema is brought up to this one, what was written in a later
    /// one is read as it is.
    ///
    /// # Errors
    /// When it is not an item of this entity.
    pub fn from_item(mut item: Item) -> Result<Self, DecodeError> {
        let entity = E::TYPE;
        if item.get("EntityType") != Some(&attr::text(E::TYPE)) {
            return Err(DecodeError::Attribute { entity, attribute: "EntityType" });
        }
        let schema = schema_of(&item);
        let known = usize::try_from(schema).unwrap_or(usize::MAX).saturating_sub(1);
        for step in E::UPGRADES.iter().skip(known) {
            step(&mut item);
        }
        let meta = Meta {
            created_at: take(&mut item, entity, "CreatedAt")?,
            updated_at: take(&mut item, entity, "UpdatedAt")?,
            updated_by: take(&mut item, entity, "UpdatedBy")?,
            version: take(&mut item, entity, "Version")?,
        };
        let Some(AttributeValue::M(map)) = item.remove("Data") else {
            return Err(DecodeError::Attribute { entity, attribute: "Data" });
        };
        let data: E = serde_dynamo::from_item(map.clone()).map_err(|_| DecodeError::Data { entity })?;
        let data_beyond = beyond(map, &to_map(&data)?);
        // What an earlier schema stood in and this one does not, it leaves; what a later one stands in is not ours to
        // end. What this one manages follows from the entity alone, whoever wrote it last.
        let newer = schema > E::SCHEMA;
        item.retain(|name, _| match name.as_str() {
            SCHEMA_VERSION => newer,
            TTL => newer && !E::EXPIRES,
            key if INDEX_KEYS.contains(&key) => newer && !E::Indexes::manages(key),
            other => !OWN.contains(&other),
        });
        Ok(Self { data, meta, unknown: Unknown { attributes: item, data: data_beyond } })
    }
}

fn to_map<E: Entity>(data: &E) -> Result<Item, DecodeError> {
    serde_dynamo::to_item(data).map_err(|_| DecodeError::Data { entity: E::TYPE })
}

fn take<T: serde::de::DeserializeOwned>(
    item: &mut Item,
    entity: &'static str,
    attribute: &'static str,
) -> Result<T, DecodeError> {
    item.remove(attribute)
        .and_then(|value| serde_dynamo::from_attribute_value(value).ok())
        .ok_or(DecodeError::Attribute { entity, attribute })
}
