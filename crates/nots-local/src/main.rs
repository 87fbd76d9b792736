//! `cargo run`: the platform on this machine. `cargo run -- demo`: one journey, told. `cargo run -- bench`: figures.

use std::{path::PathBuf, process::ExitCode};

use lexopt::{Arg, Parser, ValueExt};
use nots_core::{
    ports::{Cause, Clock, Consumed},
    table::Shards,
};
use nots_local::{
    Options, Platform,
    bench::{self, Figures},
    journey::Journey,
};

const HELP: &str = "\
NOTS, the whole of it in one process on this machine.

cargo run                  start the platform
cargo run -- demo          play one journey on a fresh platform and tell it
cargo run -- bench [DIR]   what each step costs the table; size and start of the Lambda binaries in DIR
                           (target/lambda unless given)
cargo run -- bench lists   read units of a page of 25, of lists of 1,000 items and more
  --up-to N                the longest of them (100000; a million wants --data DIR or some ten gigabytes of memory)
cargo run -- bench shards  write units that a booking's life puts on each partition of a status; read units of a page
                           over 1, 4 and 16 shards

Options of the platform:
  --port N            of the API (3000; 0 for any free one)
  --dynamodb-port N   of DynamoDB (8000)
  --s3-port N         of S3 (9000)
  --data DIR          keep everything there (in memory without it)
  --shards N          spread bookings, payments and documents by status over N shards (1, at most 64; only ever
                      more than before on the same data)
  --empty             without the demonstration's tariff, drivers and vehicles
  --quiet             log nothing but errors
";

enum Command {
    Serve,
    Demo,
    Bench(Figures),
    Help,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command's answer")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn run() -> Result<(), Cause> {
    let (command, options, quiet) = parse(Parser::from_env())?;
    match command {
        Command::Help => {
            print!("{HELP}");
            Ok(())
        }
        Command::Demo => demo().await,
        Command::Bench(figures) => bench::run(figures).await,
        Command::Serve => {
            nots_local::log(if quiet { "error" } else { "info" });
            serve(options).await
        }
    }
}

fn parse(mut arguments: Parser) -> Result<(Command, Options, bool), lexopt::Error> {
    let mut command = Command::Serve;
    let mut quiet = false;
    let mut options = Options { port: 3000, dynamodb_port: 8000, s3_port: 9000, ..Options::default() };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => options.port = arguments.value()?.parse()?,
            Arg::Long("dynamodb-port") => options.dynamodb_port = arguments.value()?.parse()?,
            Arg::Long("s3-port") => options.s3_port = arguments.value()?.parse()?,
            Arg::Long("data") => options.data = Some(PathBuf::from(arguments.value()?)),
            Arg::Long("shards") => {
                let number = arguments.value()?.parse()?;
                let shards =
                    Shards::new(number, number).map_err(|error| lexopt::Error::Custom(error.into()))?;
                options.shards = Some(shards);
            }
            Arg::Long("empty") => options.empty = true,
            Arg::Long("quiet") => quiet = true,
            Arg::Long("help") | Arg::Short('h') => command = Command::Help,
            Arg::Value(value) => match (value.to_str(), &mut command) {
                (Some("demo"), Command::Serve) => command = Command::Demo,
                (Some("bench"), Command::Serve) => {
                    command = Command::Bench(Figures::Costs(PathBuf::from("target/lambda")));
                }
                (Some("lists"), Command::Bench(figures)) => {
                    *figures = Figures::Lists { up_to: 100_000, data: None };
                }
                (Some("shards"), Command::Bench(figures)) => *figures = Figures::Shards,
                (_, Command::Bench(Figures::Costs(folder))) => *folder = PathBuf::from(value),
                _ => return Err(Arg::Value(value).unexpected()),
            },
            Arg::Long("up-to") => match &mut command {
                Command::Bench(Figures::Lists { up_to, .. }) => *up_to = arguments.value()?.parse()?,
                _ => return Err(Arg::Long("up-to").unexpected()),
            },
            other => return Err(other.unexpected()),
        }
    }
    if let Command::Bench(Figures::Lists { data, .. }) = &mut command {
        *data = options.data.take();
    }
    Ok((command, options, quiet))
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn serve(options: Options) -> Result<(), Cause> {
    let (kept, empty) = (options.data.clone(), options.empty);
    let platform = Platform::start(options).await?;
    let (api, tomorrow) = (platform.api, platform.clock.now().plus(86_400));
    println!("NOTS is up.\n");
    println!("  API        http://{api}/v1      (and a page for people: http://{api}/)");
    println!("  DynamoDB   http://{}      table {}, any credentials", platform.dynamodb, nots_local::TABLE);
    println!(
        "  S3         http://{}      bucket nots-documents-local, any access key, itself as secret",
        platform.s3
    );
    println!("  outbox     http://{api}/local/outbox");
    match kept {
        Some(folder) => println!("  data       kept in {}", folder.display()),
        None => println!("  data       in memory (--data DIR to keep it)"),
    }
    if empty {
        println!(
            "\nIt is empty: nothing can be quoted before a tariff is in the table (docs/operations.md says how)."
        );
    }
    println!("\nA first price, to paste into another terminal:\n");
    println!(
        r#"  curl -s http://{api}/v1/quotes -H 'content-type: application/json' -d '{{"pickupLocation":{{"address":"Bournemouth Railway Station"}},"dropoffLocation":{{"address":"Poole Harbour"}},"pickupTime":{tomorrow},"passengers":2,"luggage":1,"vehicleType":"standard"}}'"#
    );
    println!("\nCtrl-C stops it.");
    stopped().await?;
    // What has been asked for is told before the process ends.
    platform.settle().await;
    Ok(())
}

/// Ctrl-C, or a polite kill.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn demo() -> Result<(), Cause> {
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await?;
    println!("One journey on a fresh platform in memory.\n");
    let steps = Journey::on(platform).play().await?;
    let mut sum = Consumed::default();
    for (number, step) in (1..).zip(&steps) {
        println!("{number:>2}. {}", step.title);
        for line in &step.lines {
            println!("    {line}");
        }
        for cost in [step.request, step.background] {
            sum.round_trips += cost.round_trips;
            sum.read_units += cost.read_units;
            sum.write_units += cost.write_units;
        }
    }
    println!(
        "\nDynamoDB: {} round trips, {} read units, {} write units, for everything above.",
        sum.round_trips, sum.read_units, sum.write_units
    );
    Ok(())
}
