//! How long so many bookings take in and out, and whether they come out as they went in.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use nots_core::{ports::Cause, table::Shards};
use sha2::{Digest, Sha256};

use super::{
    Target,
    command::{export_file, import_file},
    write_sample,
};

/// Writes, imports, imports again, exports, imports the export elsewhere and exports that; prints what each took.
///
/// # Errors
/// When a step does not go through, or what comes out is not what went in.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub async fn bench(bookings: u32) -> Result<(), Cause> {
    let folder = std::env::temp_dir().join(format!("nots-bench-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = steps(bookings, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    let (lines, megabytes) = outcome?;
    println!("\n{lines} lines, {megabytes:.0} MB, came out as they went in.");
    Ok(())
}

async fn steps(bookings: u32, folder: &Path) -> Result<(u64, f64), Cause> {
    let [sample, first, second] =
        ["sample.jsonl", "first.jsonl", "second.jsonl"].map(|name| folder.join(name));
    let [one, other] = ["one", "other"].map(|name| Target::Data(folder.join(name)));
    let watch = Watch::begin();
    let mut to = BufWriter::new(File::create(&sample)?);
    let lines = write_sample(bookings, &mut to)?;
    to.flush()?;
    watch.tell("written", lines);

    let watch = Watch::begin();
    let counts = import_file(&sample, &one, Shards::ONE).await?;
    watch.tell("imported", lines);
    expect(counts.created == lines, "every line is created")?;

    let watch = Watch::begin();
    let counts = import_file(&sample, &one, Shards::ONE).await?;
    watch.tell("imported again", lines);
    expect(counts.unchanged == lines, "every line is unchanged")?;

    let watch = Watch::begin();
    export_file(Some(&first), &one, Shards::ONE).await?;
    watch.tell("exported", lines);
    expect(digest(&sample)? == digest(&first)?, "the same lines come out, in an order of their own")?;

    import_file(&first, &other, Shards::ONE).await?;
    export_file(Some(&second), &other, Shards::ONE).await?;
    expect(same(&first, &second)?, "an export of an import of an export is the export, byte by byte")?;
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    Ok((lines, std::fs::metadata(&first)?.len() as f64 / 1e6))
}

fn expect(holds: bool, what: &str) -> Result<(), Cause> {
    if holds { Ok(()) } else { Err(format!("it does not hold that {what}").into()) }
}

/// Whether two files are the same, byte by byte.
fn same(one: &Path, other: &Path) -> Result<bool, Cause> {
    let (mut one, mut other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if a.get(..length) != b.get(..length) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        one.consume(length);
        other.consume(length);
    }
}

/// How many lines a file has and what they say, in whatever order.
fn digest(file: &PathBuf) -> Result<(u64, u128), Cause> {
    let (mut lines, mut sum) = (0, 0_u128);
    for line in BufReader::new(File::open(file)?).lines() {
        let whole = Sha256::digest(line?.as_bytes());
        let of_line = whole.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        sum = sum.wrapping_add(of_line);
        lines += 1;
    }
    Ok((lines, sum))
}

struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is for")]
    fn begin() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::print_stdout, reason = "a command's answer")]
    fn tell(&self, what: &str, lines: u64) {
        let seconds = self.0.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let each = lines as f64 / seconds;
        print!("{what}: {seconds:.1} s, {each:.0} lines a second");
        // The database engine is in the process.
        match peak_megabytes() {
            Some(peak) => println!(", {peak} MB at most so far"),
            None => println!(),
        }
    }
}

/// The most memory that the process has had, where the system tells.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().split(' ').next()?.parse::<u64>().ok()? / 1_000)
}
