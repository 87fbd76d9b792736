//! Lines of a file, one at a time, however long somebody made them.

use std::io::{BufRead, Result};

/// The most bytes a line may have; an item of DynamoDB's has at most 400 KB, and no record comes near it.
pub(super) const MAX_LINE_BYTES: usize = 256 * 1024;

/// A line, without what ends it.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// As text; what is no UTF-8 is replaced.
    Whole(String),
    /// The beginning of one that is too long.
    TooLong(String),
}

/// Reads lines and counts them.
pub(super) struct Lines<R> {
    from: R,
    /// Of the line that was read last; the first is 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn of(from: R) -> Self {
        Self { from, number: 0 }
    }

    /// The next line that says anything; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let mut kept = Vec::new();
            let mut long = false;
            let mut any = false;
            loop {
                let chunk = self.from.fill_buf()?;
                if chunk.is_empty() {
                    break;
                }
                any = true;
                let end = chunk.iter().position(|byte| *byte == b'\n');
                let taken = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
                let room = MAX_LINE_BYTES.saturating_sub(kept.len());
                long |= taken.len() > room;
                kept.extend(taken.iter().take(room));
                let used = end.map_or(chunk.len(), |at| at + 1);
                self.from.consume(used);
                if end.is_some() {
                    break;
                }
            }
            if !any {
                return Ok(None);
            }
            self.number += 1;
            let text = String::from_utf8_lossy(&kept).into_owned();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim().to_owned();
            if long {
                return Ok(Some(Line::TooLong(text)));
            }
            if !text.is_empty() {
                return Ok(Some(Line::Whole(text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_trimmed_and_bounded() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        let text = format!("\u{feff}one\r\n\n  \n{long}\nlast");
        let mut lines = Lines::of(std::io::BufReader::with_capacity(7, text.as_bytes()));
        assert_eq!((lines.next().unwrap(), lines.number), (Some(Line::Whole("one".to_owned())), 1));
        let Some(Line::TooLong(kept)) = lines.next().unwrap() else { panic!("it is too long") };
        assert_eq!((kept.len(), lines.number), (MAX_LINE_BYTES, 4));
        assert_eq!((lines.next().unwrap(), lines.number), (Some(Line::Whole("last".to_owned())), 5));
        assert_eq!((lines.next().unwrap(), lines.number), (None, 5));
    }
}
