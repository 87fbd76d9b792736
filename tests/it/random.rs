//! Random cases of what takes a platform of its own: few, unless more are asked for.

use proptest::{prelude::ProptestConfig, test_runner::TestRunner};

/// This many cases, or as many as `PROPTEST_CASES` asks for.
#[expect(clippy::disallowed_methods, reason = "more cases are asked for by whoever runs the tests")]
pub(crate) fn cases(usually: u32) -> TestRunner {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(usually),
        failure_persistence: None,
        // Milliseconds: each try starts a platform.
        max_shrink_time: 30_000,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
}

pub(crate) fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}
