//! What must not compile does not, and `tests/compile-fail/*.stderr` says why not.
//!
//! After a change of wording: `TRYBUILD=overwrite cargo test -p nots-tests -- compile_fail`.

use std::process::Command;

/// trybuild builds each case with every dependency of the package it is told of, in a target folder of its own. Told of
/// this one it would build the whole platform again; the cases need `nots-core` alone, so it is told of that.
#[test]
fn the_table_s_grammar_refuses_what_it_must() {
    let cases = Command::new(std::env::current_exe().unwrap())
        .args(["compile_fail::cases", "--exact", "--ignored", "--nocapture"])
        .env("CARGO_MANIFEST_DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/nots-core"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&cases.stdout) + String::from_utf8_lossy(&cases.stderr);
    assert!(cases.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by the test above"]
fn cases() {
    trybuild::TestCases::new().compile_fail(concat!(env!("CARGO_MANIFEST_DIR"), "/compile-fail/*.rs"));
}
