//! The table has four key schemas, and core knows them all.

use nots_core::table::Index;

enum Gsi4 {}

impl Index for Gsi4 {
    const NAME: Option<&'static str> = Some("GSI4");
    const PK: &'static str = "GSI4PK";
    const SK: &'static str = "GSI4SK";
}

fn main() {}
