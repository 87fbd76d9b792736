//! The gazetteer: places by the names that people type.

use std::sync::LazyLock;

use nots_core::geo::{Coordinates, Place};

/// The table as it is written; its head says what the columns are.
const TABLE: &str = include_str!("gazetteer.tsv");
/// The line above the first row.
const HEADER: &str = "name\taliases\twithin\tkind\tlatitude\tlongitude";
/// How an address may name the country, as [`normal`] leaves it; every place is in England.
const COUNTRY: [&str; 6] = ["united kingdom", "great britain", "england", "u k", "uk", "gb"];

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A city or town, or a part of one: its middle.
    Town,
    /// A village: its middle.
    Village,
    /// A railway or coach station.
    Station,
    /// A harbour, ferry port or cruise terminal.
    Port,
    /// A hospital.
    Hospital,
    /// An airport or one of its terminals.
    Airport,
    /// A venue, hotel, school, sight or the like.
    Place,
}

impl Kind {
    /// As the table writes it.
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "town" => Self::Town,
            "village" => Self::Village,
            "station" => Self::Station,
            "port" => Self::Port,
            "hospital" => Self::Hospital,
            "airport" => Self::Airport,
            "place" => Self::Place,
            _ => return None,
        })
    }
}

/// A place of the gazetteer.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What people call it: `Bournemouth Railway Station`.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Where it is, to about a hundred metres; airports and ports at their terminals.
    pub at: Coordinates,
    /// In full: `Bournemouth Railway Station, Bournemouth, UK`.
    pub address: String,
    /// Its name and aliases, normal.
    names: Vec<String>,
    /// What may follow a name, normal, longest first.
    tails: Vec<String>,
}

impl Entry {
    /// One row of the table; none when it is malformed.
    fn read(row: &'static str) -> Option<Self> {
        let mut columns = row.split('\t');
        let mut column = || columns.next();
        let (name, aliases, within) = (column()?, column()?, column()?);
        let (kind, latitude, longitude) = (column()?, column()?, column()?);
        if columns.next().is_some() {
            return None;
        }
        let degrees = |text: &str| text.parse::<f64>().ok();
        let names: Vec<_> = std::iter::once(name).chain(parts(aliases)).map(normal).collect();
        let mut tails: Vec<_> = parts(within).map(normal).collect();
        tails.extend(COUNTRY.map(str::to_owned));
        tails.extend(names.iter().cloned());
        if tails.iter().any(String::is_empty) {
            return None;
        }
        tails.sort_by_key(|tail| std::cmp::Reverse(tail.len()));
        Some(Self {
            name,
            kind: Kind::read(kind)?,
            at: Coordinates {
                latitude: degrees(latitude)?.try_into().ok()?,
                longitude: degrees(longitude)?.try_into().ok()?,
            },
            address: std::iter::once(name)
                .chain(parts(within).take(1))
                .chain(["UK"])
                .collect::<Vec<_>>()
                .join(", "),
            names,
            tails,
        })
    }

    /// As the port answers it.
    pub(crate) fn place(&self) -> Place {
        Place { address: self.address.clone(), at: self.at }
    }

    /// Whether a normal address is one of its names with nothing after it that could belong to another place.
    fn is_named_by(&self, address: &str) -> bool {
        self.names.iter().filter_map(|name| after(address, name)).any(|rest| self.may_end_in(rest))
    }

    fn may_end_in(&self, mut rest: &str) -> bool {
        while !rest.is_empty() {
            match self.tails.iter().find_map(|tail| after(rest, tail)) {
                Some(shorter) => rest = shorter,
                None => return false,
            }
        }
        true
    }
}

/// The pieces of a column that holds several.
fn parts(column: &'static str) -> impl Iterator<Item = &'static str> {
    column.split('|').filter(|_| !column.is_empty())
}

/// What follows `phrase` when `text` begins with it, word by word.
fn after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(phrase)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
}

/// An address in the form in which addresses are compared: words in lower case with one space between, without
/// punctuation or a leading `the`, and with one spelling of what people spell in several ways (`St`, `&`,
/// `Railway Station`, `T5`, `Intl`, `Center`).
fn normal(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    for letter in address.chars().flat_map(char::to_lowercase) {
        match letter {
            '\'' | '’' | '‘' | '`' => {}
            '&' => text.push_str(" and "),
            letter if letter.is_alphanumeric() => text.push(letter),
            _ => text.push(' '),
        }
    }
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        match word {
            "the" if words.is_empty() => {}
            "saint" => words.push("st"),
            "intl" => words.push("international"),
            "center" => words.push("centre"),
            "station" => {
                if matches!(words.last(), Some(&("railway" | "rail" | "train"))) {
                    words.pop();
                }
                words.push(word);
            }
            "t2" | "t3" | "t4" | "t5" => words.extend(["terminal", word.trim_start_matches('t')]),
            _ => words.push(word),
        }
    }
    words.join(" ")
}

/// The rows of the table, whether or not they can be read.
fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#') && *line != HEADER)
}

/// Every place, in the order of the table. A malformed row is left out, and fails a test of this module.
pub(crate) fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| rows().filter_map(Entry::read).collect());
    &ENTRIES
}

/// The one place that an address names; none when no place or more than one could be meant.
pub(crate) fn find(address: &str) -> Option<&'static Entry> {
    let address = normal(address);
    let mut found = entries().iter().filter(|entry| entry.is_named_by(&address));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
#[path = "gazetteer_tests.rs"]
mod tests;
