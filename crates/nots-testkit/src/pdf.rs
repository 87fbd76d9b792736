//! Reads back the text of PDFs as [`nots_receipt`] writes them: uncompressed, each font with its table of characters.
//! It is no reader for others.
//!
//! [`nots_receipt`]: ../../nots_receipt/index.html

use std::collections::HashMap;

/// A text where it stands; `x` and `y` in points from the lower left corner.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// From the left.
    pub x: f32,
    /// From the bottom.
    pub y: f32,
    /// The text.
    pub text: String,
}

/// The text of each page, in the order in which it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheets {
    /// Page by page.
    pub pages: Vec<Vec<Run>>,
}

type Characters = HashMap<u16, char>;

impl Sheets {
    /// Reads a PDF.
    ///
    /// # Panics
    /// When it is not one as NOTS writes it.
    #[must_use]
    pub fn read(pdf: &[u8]) -> Self {
        let objects = objects(pdf);
        let font = |name: &str| -> Characters {
            let page =
                objects.values().find(|object| text(object).contains("/Type /Page\n")).expect("a page");
            let font = &objects[&reference(page, name)];
            characters(&objects[&reference(font, "/ToUnicode")])
        };
        let fonts = HashMap::from([("/F1", font("/F1")), ("/F2", font("/F2"))]);
        let tree = objects.values().find(|object| text(object).contains("/Type /Pages")).expect("pages");
        let tree = text(tree);
        let kids = tree.split_once("/Kids [").and_then(|(_, rest)| rest.split_once(']')).expect("kids").0;
        let kids = kids.split_whitespace().step_by(3).map(|id| id.parse::<u32>().expect("a number"));
        let pages = kids.map(|id| runs(&objects[&reference(&objects[&id], "/Contents")], &fonts));
        Self { pages: pages.collect() }
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.pages.iter().flatten()
    }

    /// Whether a run says just this.
    #[must_use]
    pub fn has(&self, words: &str) -> bool {
        self.all().any(|run| run.text == words)
    }

    /// Which run says just this: its place in the document.
    #[must_use]
    pub fn place(&self, words: &str) -> Option<usize> {
        self.all().position(|run| run.text == words)
    }

    /// What stands at the right end of the first line with a run that says just this.
    #[must_use]
    pub fn beside(&self, words: &str) -> Option<&str> {
        self.pages.iter().find_map(|page| {
            let found = page.iter().find(|run| run.text == words)?;
            let line = page.iter().filter(|run| (run.y - found.y).abs() < 0.1 && run.x > found.x);
            line.max_by(|a, b| a.x.total_cmp(&b.x)).map(|run| run.text.as_str())
        })
    }

    /// All of it, with a space between runs.
    #[must_use]
    pub fn flowing(&self) -> String {
        self.all().map(|run| run.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn find(bytes: &[u8], words: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(words.len()).position(|window| window == words).map(|at| at + from)
}

/// Every object by its number, by the table at the end.
fn objects(pdf: &[u8]) -> HashMap<u32, Vec<u8>> {
    let end = text(&pdf[pdf.len() - 64..]);
    let table = end.split_once("startxref").expect("startxref").1.split_whitespace().next().expect("a place");
    let table = text(&pdf[table.parse::<usize>().expect("a number")..]);
    let used = table.lines().skip(2).enumerate().filter(|(_, line)| line.trim_end().ends_with('n'));
    used.map(|(number, line)| {
        let from = line.split_whitespace().next().expect("a place").parse().expect("a number");
        let to = find(pdf, b"\nendobj", from).expect("endobj");
        (u32::try_from(number).expect("few objects"), pdf[from..to].to_vec())
    })
    .collect()
}

/// The object that an entry of a dictionary refers to.
fn reference(object: &[u8], name: &str) -> u32 {
    let object = text(object);
    let rest = object.split_once(&format!("{name} ")).unwrap_or_else(|| panic!("no {name} in {object}")).1;
    rest.split_whitespace().next().and_then(|id| id.parse().ok()).expect("a reference")
}

fn stream(object: &[u8]) -> &[u8] {
    let from = find(object, b"stream\n", 0).expect("a stream") + 7;
    let to = find(object, b"\nendstream", from).expect("its end");
    &object[from..to]
}

fn characters(object: &[u8]) -> Characters {
    let table = text(stream(object));
    let ranges = table.split("beginbfchar\n").skip(1).filter_map(|rest| rest.split("endbfchar").next());
    let hex = |part: &str| u16::from_str_radix(part, 16).expect("hexadecimal");
    let pairs = ranges.flat_map(str::lines).map(|line| {
        let (code, units) = line.trim_matches(['<', '>']).split_once("> <").expect("a pair");
        let units = (0..units.len()).step_by(4).map(|from| hex(&units[from..from + 4]));
        (hex(code), char::decode_utf16(units).next().expect("a character").expect("a character"))
    });
    pairs.collect()
}

/// A string of a content stream from its opening, and where it ends.
fn string(bytes: &[u8], from: usize) -> (Vec<u8>, usize) {
    let mut decoded = Vec::new();
    let mut at = from + 1;
    if bytes[from] == b'<' {
        let end = find(bytes, b">", from).expect("its end");
        let digits = text(&bytes[at..end]);
        let pairs = (0..digits.len()).step_by(2).map(|n| u8::from_str_radix(&digits[n..n + 2], 16));
        return (pairs.map(|byte| byte.expect("hexadecimal")).collect(), end + 1);
    }
    let mut depth = 0;
    loop {
        match bytes[at] {
            b'\\' => {
                at += 1;
                match bytes[at] {
                    b'n' => decoded.push(b'\n'),
                    b'r' => decoded.push(b'\r'),
                    b't' => decoded.push(b'\t'),
                    b'b' => decoded.push(8),
                    b'f' => decoded.push(12),
                    byte @ b'0'..=b'7' => {
                        let digits = text(&bytes[at..at + 3]);
                        assert!(digits.bytes().all(|b| b.is_ascii_digit()), "three digits after {byte}");
                        decoded.push(u8::from_str_radix(&digits, 8).expect("octal"));
                        at += 2;
                    }
                    byte => decoded.push(byte),
                }
            }
            b')' if depth == 0 => return (decoded, at + 1),
            byte => {
                depth += i32::from(byte == b'(') - i32::from(byte == b')');
                decoded.push(byte);
            }
        }
        at += 1;
    }
}

fn runs(object: &[u8], fonts: &HashMap<&str, Characters>) -> Vec<Run> {
    let bytes = stream(object);
    let mut runs = Vec::new();
    let (mut font, mut place) = ("/F1", (0.0, 0.0));
    let mut shown = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'<' => (shown, at) = string(bytes, at),
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let end = (at..bytes.len()).find(|n| b" \n(<".contains(&bytes[*n])).unwrap_or(bytes.len());
                let word = text(&bytes[at..end]);
                at = end;
                match word.as_str() {
                    "Tf" => {
                        let name = &words[words.len() - 2];
                        font = fonts.keys().find(|known| *known == name).expect("a known font");
                    }
                    "Tm" => {
                        let number = |n: usize| words[words.len() - n].parse().expect("a number");
                        place = (number(2), number(1));
                    }
                    "Tj" => {
                        let codes = shown.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                        let text = codes.map(|code| fonts[font][&code]).collect();
                        runs.push(Run { x: place.0, y: place.1, text });
                    }
                    _ => {}
                }
                words.push(word);
            }
        }
    }
    runs
}
