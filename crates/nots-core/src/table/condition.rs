//! What must hold for a write, as plain data and in DynamoDB's expression language.

use std::collections::HashMap;

use serde_dynamo::AttributeValue;

use super::{
    stored::{Item, Version, attr},
    write::Because,
};

/// What must hold of an item that a transaction reads but does not write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Requirement {
    equal: Vec<Held>,
    at_least: Vec<Held>,
}

/// What one attribute is held to.
pub type Held = (&'static [&'static str], AttributeValue);

impl Requirement {
    /// Attributes that must be this.
    #[must_use]
    pub fn equals(&self) -> &[Held] {
        &self.equal
    }

    /// Attributes that must be this or more.
    #[must_use]
    pub fn at_leasts(&self) -> &[Held] {
        &self.at_least
    }

    pub(crate) fn equal(mut self, path: &'static [&'static str], value: AttributeValue) -> Self {
        self.equal.push((path, value));
        self
    }

    pub(crate) fn at_least(mut self, path: &'static [&'static str], value: AttributeValue) -> Self {
        self.at_least.push((path, value));
        self
    }
}

/// What must hold for an operation to go through.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// No item is there.
    Absent,
    /// The item is the version that was read.
    Unchanged(Version),
    /// The item is the version that was read, and in a state that may move to the one written.
    Leaves(Version, Vec<&'static str>),
    /// The item is there and meets this.
    Meets(Requirement),
}

/// A condition in DynamoDB's expression language.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expression {
    /// The expression.
    pub text: String,
    /// `#n0` to attribute names.
    pub names: HashMap<String, String>,
    /// `:v0` to values.
    pub values: Item,
}

impl Expression {
    fn path(&mut self, path: &[&str]) -> String {
        let steps: Vec<String> = path
            .iter()
            .map(|step| {
                let known = self.names.iter().find(|(_, name)| name == step).map(|(alias, _)| alias.clone());
                known.unwrap_or_else(|| {
                    let alias = format!("#n{}", self.names.len());
                    self.names.insert(alias.clone(), (*step).to_owned());
                    alias
                })
            })
            .collect();
        steps.join(".")
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let alias = format!(":v{}", self.values.len());
        self.values.insert(alias.clone(), value);
        alias
    }

    fn and(&mut self, clause: &str) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(clause);
    }

    fn compare(&mut self, path: &[&str], operator: &str, value: AttributeValue) {
        let (path, value) = (self.path(path), self.value(value));
        self.and(&format!("{path} {operator} {value}"));
    }
}

impl Condition {
    /// The condition as DynamoDB reads it.
    #[must_use]
    pub fn expression(&self) -> Expression {
        let mut e = Expression::default();
        match self {
            Self::Absent => {
                let pk = e.path(&["PK"]);
                e.and(&format!("attribute_not_exists({pk})"));
            }
            Self::Unchanged(version) => e.compare(&["Version"], "=", attr::number(version)),
            Self::Leaves(version, statuses) => {
                e.compare(&["Version"], "=", attr::number(version));
                let path = e.path(&["Data", "status"]);
                let among: Vec<String> = statuses.iter().map(|status| e.value(attr::text(*status))).collect();
                e.and(&format!("{path} IN ({})", among.join(", ")));
            }
            Self::Meets(requirement) => {
                let pk = e.path(&["PK"]);
                e.and(&format!("attribute_exists({pk})"));
                for (path, value) in &requirement.equal {
                    e.compare(path, "=", value.clone());
                }
                for (path, value) in &requirement.at_least {
                    e.compare(path, ">=", value.clone());
                }
            }
        }
        e
    }

    /// Why it did not hold, from the item that was there.
    pub(super) fn because(&self, old: Option<&Item>) -> Because {
        let Some(old) = old else { return Because::NotFound };
        match self {
            Self::Absent => Because::Exists,
            Self::Unchanged(_) => Because::Stale,
            Self::Leaves(_, statuses) => match status_of(old) {
                Some(status) if !statuses.contains(&status.as_str()) => Because::IllegalMove { status },
                _ => Because::Stale,
            },
            Self::Meets(_) => Because::Unmet,
        }
    }
}

fn status_of(item: &Item) -> Option<String> {
    match item.get("Data") {
        Some(AttributeValue::M(data)) => match data.get("status") {
            Some(AttributeValue::S(status)) => Some(status.clone()),
            _ => None,
        },
        _ => None,
    }
}
