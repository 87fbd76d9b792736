//! `cargo run`: the platform on this machine. `cargo run -- demo`: one journey, told. `cargo run -- bench`: figures.
//! `cargo run -- import` and `export`: moving in from another system, and out. `cargo run -- reconcile`: the books against
//! the card processor's lists.

use std::{path::PathBuf, process::ExitCode};

use lexopt::{Arg, Parser, ValueExt};
use nots_core::{
    ports::{Cause, Clock, Consumed},
    table::Shards,
};
use nots_local::{
    Options, Platform,
    bench::{self, Figures},
    import::{self, Target},
    journey::Journey,
    reconcile,
};

const HELP: &str = "\
NOTS, the whole of it in one process on this machine.

cargo run                  start the platform
cargo run -- demo          play one journey on a fresh platform and tell it
cargo run -- bench [DIR]   what each step costs the table; size and start of the Lambda binaries in DIR
                           (target/lambda unless given)
cargo run -- import FILE   move in from another system: JSON Lines of customers, drivers, vehicles and bookings
                           (docs/import.md)
cargo run -- export [FILE] the same lines back, to FILE or standard output
cargo run -- bench import [--bookings N]
                           so many bookings in and out (100000)
cargo run -- bench lists   read units of a page of 25, of lists of 1,000 items and more
  --up-to N                the longest of them (100000; a million wants --data DIR or some ten gigabytes of memory)
cargo run -- bench shards  write units that a booking's life puts on each partition of a status; read units of a page
                           over 1, 4 and 16 shards

cargo run -- reconcile     compare the books with the card processor's lists, of the platform that runs at --port, or of the
                           one in --data DIR that does not run; ends with 1 when they differ
  --from T --to T          what happened when, in Unix seconds (the last seven days)

Where import and export go:
  --data DIR          the folder of a platform that does not run
  --endpoint URL      a DynamoDB on plain HTTP; of a platform that runs: http://127.0.0.1:8000
  --aws               the AWS account of the environment (needs `cargo run --features cloud -- …`)
  --table NAME        the table there (nots-main-table)
  --shards N          over how many shards it is spread, as the platform's

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
    BenchImport,
    Import(Option<PathBuf>),
    Export(Option<PathBuf>),
    Reconcile(reconcile::Asked),
    Help,
}

/// What `import`, `export` and `bench import` are told beside the platform's own options.
struct Moving {
    endpoint: Option<String>,
    table: String,
    aws: bool,
    bookings: u32,
}

impl Moving {
    fn target(self, data: Option<PathBuf>) -> Result<Target, Cause> {
        match (data, self.endpoint, self.aws) {
            (Some(folder), None, false) => Ok(Target::Data(folder)),
            (None, Some(url), false) => Ok(Target::Endpoint { url, table: self.table }),
            #[cfg(feature = "cloud")]
            (None, None, true) => Ok(Target::Aws { table: self.table }),
            #[cfg(not(feature = "cloud"))]
            (None, None, true) => Err("AWS is not built in: cargo run --features cloud -- …".into()),
            _ => Err("say where: one of --data DIR, --endpoint URL and --aws".into()),
        }
    }
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command's answer")]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn run() -> Result<ExitCode, Cause> {
    let (command, options, moving, quiet) = parse(Parser::from_env())?;
    let done = match command {
        Command::Help => {
            print!("{HELP}");
            Ok(())
        }
        Command::Reconcile(asked) => {
            let found = reconcile::by_hand(asked, options.data, options.port).await?;
            print!("{}", reconcile::told(&found));
            return Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Demo => demo().await,
        Command::Bench(figures) => bench::run(figures).await,
        Command::BenchImport => import::bench(moving.bookings).await,
        Command::Import(file) => {
            let file = file.ok_or("say which FILE to import")?;
            let shards = options.shards.unwrap_or(Shards::ONE);
            import::import_file(&file, &moving.target(options.data)?, shards).await.map(drop)
        }
        Command::Export(file) => {
            let shards = options.shards.unwrap_or(Shards::ONE);
            import::export_file(file.as_deref(), &moving.target(options.data)?, shards).await.map(drop)
        }
        Command::Serve => {
            nots_local::log(if quiet { "error" } else { "info" });
            serve(options).await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn parse(mut arguments: Parser) -> Result<(Command, Options, Moving, bool), lexopt::Error> {
    let mut command = Command::Serve;
    let mut quiet = false;
    let mut options = Options { port: 3000, dynamodb_port: 8000, s3_port: 9000, ..Options::default() };
    let table = nots_local::TABLE.to_owned();
    let mut moving = Moving { endpoint: None, table, aws: false, bookings: 100_000 };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => options.port = arguments.value()?.parse()?,
            Arg::Long("dynamodb-port") => options.dynamodb_port = arguments.value()?.parse()?,
            Arg::Long("s3-port") => options.s3_port = arguments.value()?.parse()?,
            Arg::Long("data") => options.data = Some(PathBuf::from(arguments.value()?)),
            Arg::Long("endpoint") => moving.endpoint = Some(arguments.value()?.string()?),
            Arg::Long("table") => moving.table = arguments.value()?.string()?,
            Arg::Long("aws") => moving.aws = true,
            Arg::Long("bookings") => moving.bookings = arguments.value()?.parse()?,
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
                (Some("import"), Command::Serve) => command = Command::Import(None),
                (Some("export"), Command::Serve) => command = Command::Export(None),
                (Some("reconcile"), Command::Serve) => {
                    command = Command::Reconcile(reconcile::Asked::default());
                }
                (_, Command::Import(file @ None) | Command::Export(file @ None)) => {
                    *file = Some(PathBuf::from(value));
                }
                (Some("import"), Command::Bench(_)) => command = Command::BenchImport,
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
            Arg::Long("from") => match &mut command {
                Command::Reconcile(asked) => asked.from = Some(arguments.value()?.parse()?),
                _ => return Err(Arg::Long("from").unexpected()),
            },
            Arg::Long("to") => match &mut command {
                Command::Reconcile(asked) => asked.to = Some(arguments.value()?.parse()?),
                _ => return Err(Arg::Long("to").unexpected()),
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
    Ok((command, options, moving, quiet))
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
