//! Query parameters, read strictly: unknown, repeated and malformed ones are each named.

use std::collections::HashSet;

use crate::{FieldError, Problem};

/// Reads query parameters and collects what is wrong with them.
#[derive(Debug)]
pub struct QueryReader<'a> {
    given: &'a [(String, String)],
    read: HashSet<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> QueryReader<'a> {
    pub(crate) fn new(given: &'a [(String, String)]) -> Self {
        Self { given, read: HashSet::new(), errors: Vec::new() }
    }

    /// A parameter as text.
    pub fn text(&mut self, name: &'static str) -> Option<&'a str> {
        self.read.insert(name);
        let mut values =
            self.given.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            self.refuse(name, "is given more than once");
        }
        first
    }

    /// Whether a parameter is given, well or badly.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// A parameter that parses itself.
    pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(name, error.to_string());
                None
            }
        }
    }

    /// A whole number.
    pub fn whole(&mut self, name: &'static str) -> Option<i64> {
        let number = self.text(name)?.parse().ok();
        if number.is_none() {
            self.refuse(name, "must be a whole number");
        }
        number
    }

    /// A moment in Unix seconds.
    pub fn moment(&mut self, name: &'static str) -> Option<nots_core::Timestamp> {
        let seconds = self.whole(name)?;
        match nots_core::Timestamp::new(seconds) {
            Ok(moment) => Some(moment),
            Err(error) => {
                self.refuse(name, error.to_string());
                None
            }
        }
    }

    /// Refuses a parameter.
    pub fn refuse(&mut self, name: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError::parameter(name, detail));
    }

    /// Done reading.
    ///
    /// # Errors
    /// 400 when a parameter was refused, or one was given that nobody read.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in self.given {
            if !self.read.contains(name.as_str()) {
                self.errors.push(FieldError::parameter(name.clone(), "is not known here"));
            }
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::bad_query(self.errors)) }
    }
}
