//! The environment, read here and nowhere else.

/// A variable that the function cannot do without is not set: the template and the code disagree.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct NotSet(pub &'static str);

/// Why the table cannot be had.
#[cfg(feature = "table")]
#[derive(Debug, thiserror::Error)]
pub enum NoTable {
    /// It has no name.
    #[error(transparent)]
    NotSet(#[from] NotSet),
    /// Not a number where one must be.
    #[error("the environment variable {0} is not a number")]
    NotANumber(&'static str, #[source] std::num::ParseIntError),
    /// No number of shards.
    #[error(transparent)]
    Shards(#[from] nots_core::table::BadShards),
}

/// A variable that must be there.
///
/// # Errors
/// When it is not set, or empty.
pub fn required(name: &'static str) -> Result<String, NotSet> {
    optional(name).ok_or(NotSet(name))
}

/// A variable that may be there.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that holds a number of shards; 1 unless it is set.
///
/// # Errors
/// When it is not a number.
#[cfg(feature = "table")]
pub fn shards(name: &'static str) -> Result<u16, NoTable> {
    optional(name).map_or(Ok(1), |text| text.parse().map_err(|error| NoTable::NotANumber(name, error)))
}

/// A variable that lists several, separated by commas.
#[must_use]
pub fn list(name: &str) -> Vec<String> {
    let text = optional(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
