//! The commands: files in and out, a line of progress now and then, and the counts at the end.

use std::{
    error::Error,
    fs::File,
    io::{self, BufReader, BufWriter, LineWriter, Write},
    path::{Path, PathBuf},
};

use nots_core::{
    Timestamp,
    ports::{Cause, Clock},
    table::Shards,
};
use nots_lambda::{RandomIds, SystemClock};

use super::{Aside, Counts, Target, export, import};

/// Seconds between two lines of progress.
const SAY_EVERY: u64 = 5;

/// An error with its causes: at a terminal the last one is what helps.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Says how far it has come, now and then.
struct Progress {
    said: Timestamp,
}

impl Progress {
    fn begin() -> Self {
        Self { said: SystemClock.now() }
    }

    #[expect(clippy::print_stderr, reason = "a command's answer")]
    fn say(&mut self, text: impl FnOnce() -> String) {
        let now = SystemClock.now();
        if now.since(self.said) >= SAY_EVERY {
            self.said = now;
            eprintln!("{}", text());
        }
    }
}

/// A file that is there only once something is written to it.
struct OnDemand {
    path: PathBuf,
    file: Option<LineWriter<File>>,
}

impl OnDemand {
    /// Beside a file; what an earlier run left there goes.
    fn beside(file: &Path, ending: &str) -> io::Result<Self> {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        let path = PathBuf::from(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self { path, file: None }),
        }
    }

    fn file(&mut self) -> io::Result<&mut LineWriter<File>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => LineWriter::new(File::create(&self.path)?),
        };
        Ok(self.file.insert(file))
    }
}

impl Write for OnDemand {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

fn about(path: &Path, error: impl std::fmt::Display) -> Cause {
    format!("{}: {error}", path.display()).into()
}

/// Imports a file. What is refused goes to `FILE.refused.jsonl` and what is kept is named in `FILE.kept.jsonl`.
///
/// # Errors
/// When it could not be done to the end, or lines were refused.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub async fn import_file(file: &Path, target: &Target, shards: Shards) -> Result<Counts, Cause> {
    let from = File::open(file).map_err(|error| about(file, error))?;
    let opened = target.open(true, shards).await?;
    let mut refused = OnDemand::beside(file, ".refused.jsonl").map_err(|error| about(file, error))?;
    let mut kept = OnDemand::beside(file, ".kept.jsonl").map_err(|error| about(file, error))?;
    let mut progress = Progress::begin();
    let aside = Aside { refused: &mut refused, kept: &mut kept };
    let (table, ids) = (opened.table.as_ref(), RandomIds::default());
    let (counts, ended) = import(table, opened.clock.as_ref(), &ids, BufReader::new(from), aside, |counts| {
        progress.say(|| counts.to_string());
    })
    .await;
    println!("{counts}");
    if counts.kept > 0 {
        println!("Kept as they are here: {}", kept.path.display());
    }
    ended.map_err(|error| chain(&error))?;
    if counts.refused > 0 {
        let (lines, path) = (counts.refused, refused.path.display());
        return Err(format!("{lines} refused; mend them and import them from {path}").into());
    }
    Ok(counts)
}

/// Exports to a file, or to standard output; answers how many lines that were.
///
/// # Errors
/// When it could not be done to the end. A file is then not there, or is what it was.
#[expect(clippy::print_stderr, reason = "a command's answer")]
pub async fn export_file(file: Option<&Path>, target: &Target, shards: Shards) -> Result<u64, Cause> {
    let opened = target.open(false, shards).await?;
    let mut progress = Progress::begin();
    let (table, clock, ids) = (opened.table.as_ref(), opened.clock.as_ref(), RandomIds::default());
    let mut say = |lines: u64| progress.say(|| format!("{lines} lines"));
    let lines = match file {
        None => {
            let mut to = BufWriter::new(io::stdout());
            export(table, clock, &ids, &mut to, &mut say).await.map_err(|error| chain(&error))?
        }
        Some(file) => {
            let beside = file.with_added_extension("part");
            let to = File::create(&beside).map_err(|error| about(&beside, error))?;
            let mut to = BufWriter::new(to);
            let lines = export(table, clock, &ids, &mut to, &mut say).await;
            let lines = lines.map_err(|error| chain(&error));
            let renamed = lines.and_then(|lines| match std::fs::rename(&beside, file) {
                Ok(()) => Ok(lines),
                Err(error) => Err(format!("{}: {error}", file.display())),
            });
            renamed.inspect_err(|_| drop(std::fs::remove_file(&beside)))?
        }
    };
    eprintln!("{lines} lines written");
    Ok(lines)
}
