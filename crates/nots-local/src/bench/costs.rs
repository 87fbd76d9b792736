//! Figures: what each step of the journey and of its money costs the table, and what each Lambda binary weighs and how soon it asks
//! for work.

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use nots_core::ports::{Cause, Consumed};
use tokio::{net::TcpListener, process::Command, sync::Notify};

use crate::{
    Options, Platform,
    journey::{Journey, Step},
};

/// How often each binary is started; the middle of them is told.
const STARTS: usize = 5;

/// Prints all tables.
///
/// # Errors
/// When a journey does not go through.
pub(super) async fn run(binaries: &Path) -> Result<(), Cause> {
    let fresh = || Platform::start(Options { by_hand: true, ..Options::default() });
    told(&Journey::on(fresh().await?).play().await?);
    told(&Journey::on(fresh().await?).play_money().await?);
    starts(binaries).await
}

/// One table, with its sums.
#[expect(clippy::print_stdout, reason = "a command's answer")]
fn told(steps: &[Step]) {
    println!(
        "| step | round trips | read units | write units | behind it: round trips | read units | write units |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let sum = |of: fn(&Step) -> Consumed| {
        steps.iter().map(of).fold(Consumed::default(), |sum, more| Consumed {
            round_trips: sum.round_trips + more.round_trips,
            read_units: sum.read_units + more.read_units,
            write_units: sum.write_units + more.write_units,
        })
    };
    let rows = steps.iter().map(|step| (step.title, step.request, step.background));
    for (title, r, b) in rows.chain([("in all", sum(|s| s.request), sum(|s| s.background))]) {
        println!(
            "| {title} | {} | {} | {} | {} | {} | {} |",
            r.round_trips, r.read_units, r.write_units, b.round_trips, b.read_units, b.write_units
        );
    }
    println!();
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn starts(binaries: &Path) -> Result<(), Cause> {
    let mut found: Vec<_> = std::fs::read_dir(binaries)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.retain(|path| path.is_dir() && path.join("bootstrap").is_file());
    found.sort();
    if found.is_empty() {
        println!(
            "No Lambda binaries in {}: build them first, as README.md says under Deploy.",
            binaries.display()
        );
        return Ok(());
    }
    println!("| function | MB | start to first poll, ms |");
    println!("|---|---:|---:|");
    for folder in found {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let binary = folder.join("bootstrap");
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let megabytes = std::fs::metadata(&binary)?.len() as f64 / 1e6;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            times.push(first_poll(&binary, &name).await?);
        }
        times.sort();
        let middle = times.get(STARTS / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        println!("| {name} | {megabytes:.1} | {middle:.1} |");
    }
    Ok(())
}

/// Starts a binary against a Runtime API of our own, and waits for it to ask for its first event.
#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is for")]
async fn first_poll(binary: &Path, name: &str) -> Result<Duration, Cause> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let asked = Arc::new(Notify::new());
    let rung = asked.clone();
    let next = axum::routing::get(async move || {
        rung.notify_one();
        std::future::pending::<()>().await;
    });
    let router = axum::Router::new().route("/2018-06-01/runtime/invocation/next", next);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let started = Instant::now();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../layers/notifications/templates");
    let mut child = Command::new(binary)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_REGION", "eu-west-2"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("TABLE_NAME", "nots-main-table"),
            ("ALLOWED_ORIGINS", "https://nots.co.uk"),
            ("COGNITO_ISSUER", "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_local"),
            ("COGNITO_CLIENT_IDS", "local"),
            ("STRIPE_SECRET_KEY_ID", "nots/stripe/secret-key"),
            ("STRIPE_WEBHOOK_SECRET_ID", "nots/stripe/webhook-secret"),
            ("EVENT_BUS_NAME", "nots"),
            ("MAIL_FROM", "bookings@nots.co.uk"),
            ("SMS_SENDER_ID", "NOTS"),
        ])
        .env("TEMPLATES_DIR", templates)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let polled = tokio::time::timeout(Duration::from_secs(10), asked.notified()).await;
    let time = started.elapsed();
    child.kill().await?;
    server.abort();
    polled.map(|()| time).map_err(|_| format!("{name} did not ask for work within 10 s").into())
}
