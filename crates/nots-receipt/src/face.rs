//! The embedded fonts, and how wide a text is in them.

use ttf_parser::{Face, FaceParsingError, GlyphId};

/// The weights in which a receipt is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(crate) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    pub(crate) const fn font(self) -> (&'static [u8], &'static str) {
        match self {
            Self::Regular => (include_bytes!("../fonts/NotoSans-Regular.ttf"), "NotoSans-Regular"),
            Self::Bold => (include_bytes!("../fonts/NotoSans-Bold.ttf"), "NotoSans-Bold"),
        }
    }
}

/// Both fonts, read.
pub(crate) struct Faces {
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Faces {
    pub(crate) fn embedded() -> Result<Self, FaceParsingError> {
        let read = |weight: Weight| Face::parse(weight.font().0, 0);
        Ok(Self { regular: read(Weight::Regular)?, bold: read(Weight::Bold)? })
    }

    pub(crate) const fn of(&self, weight: Weight) -> &Face<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The glyph of a character; the empty box for one that the font does not have.
    pub(crate) fn glyph(&self, weight: Weight, c: char) -> GlyphId {
        self.of(weight).glyph_index(c).unwrap_or_default()
    }

    /// How far a character moves on, in thousandths of the font's size.
    pub(crate) fn advance(&self, weight: Weight, c: char) -> f32 {
        let face = self.of(weight);
        let advance = face.glyph_hor_advance(self.glyph(weight, c)).unwrap_or_default();
        f32::from(advance) * 1_000.0 / f32::from(face.units_per_em())
    }

    /// How wide a text is, in points.
    pub(crate) fn width(&self, weight: Weight, size: f32, text: &str) -> f32 {
        text.chars().map(|c| self.advance(weight, c)).sum::<f32>() * size / 1_000.0
    }

    /// A text in lines of at most a width. It is broken between words, and inside a word that is wider than a line.
    pub(crate) fn wrap(&self, weight: Weight, size: f32, width: f32, text: &str) -> Vec<String> {
        let fits = |line: &str| self.width(weight, size, line) <= width;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in printable(text).split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if !fits(&line) && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// Without what is not to be seen: a control character is a space, and what only directs how others are shown is left
/// out.
fn printable(text: &str) -> String {
    let seen = |c: &char| !matches!(*c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let spaced = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().filter(seen).map(spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_and_no_letter_is_lost() {
        let faces = Faces::embedded().unwrap();
        let endless = "x".repeat(300);
        let texts = ["", "Bournemouth", "A place  with \t a long name, by the sea, on the left", &endless];
        for text in texts {
            for width in [1.0, 40.0, 200.0] {
                let lines = faces.wrap(Weight::Bold, 9.0, width, text);
                let joined: String = lines.concat().chars().filter(|c| *c != ' ').collect();
                assert_eq!(joined, text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
                for line in lines {
                    let fits = faces.width(Weight::Bold, 9.0, &line) <= width;
                    assert!(fits || line.chars().count() == 1, "{line:?} in {width}");
                }
            }
        }
    }

    #[test]
    fn every_letter_that_is_promised_is_there() {
        let faces = Faces::embedded().unwrap();
        let blocks = [
            0x20..=0x7e,
            0xa1..=0xac,
            0xae..=0x24f,
            0x386..=0x38a,
            0x3a3..=0x3e1,
            0x400..=0x52f,
            0x1e00..=0x1eff,
        ];
        for c in blocks.into_iter().flatten().filter_map(char::from_u32) {
            for weight in Weight::ALL {
                assert_ne!(faces.glyph(weight, c), GlyphId(0), "{c} U+{:04X}", u32::from(c));
            }
        }
    }
}
