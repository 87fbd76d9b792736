//! Rows of text that go on over pages.

use crate::face::{Faces, Weight};

/// A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);
/// Where text begins and ends, from the left, and from the top.
pub(crate) const LEFT: f32 = 56.0;
pub(crate) const RIGHT: f32 = 539.0;
const TOP: f32 = 56.0;
const BOTTOM: f32 = 776.0;
/// Where the foot of each page stands, from the top.
const FOOT: f32 = 802.0;

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) weight: Weight,
    pub(crate) size: f32,
    /// 0 is black and 1 white.
    pub(crate) grey: f32,
}

impl Style {
    pub(crate) const PLAIN: Self = Self { weight: Weight::Regular, size: 9.5, grey: 0.0 };
    pub(crate) const STRONG: Self = Self { weight: Weight::Bold, ..Self::PLAIN };
    pub(crate) const SMALL: Self = Self { size: 8.0, grey: 0.35, ..Self::PLAIN };
    pub(crate) const HEADING: Self = Self { weight: Weight::Bold, size: 11.0, grey: 0.0 };
    pub(crate) const TITLE: Self = Self { weight: Weight::Bold, size: 18.0, grey: 0.0 };

    fn leading(self) -> f32 {
        self.size * 1.4
    }
}

/// A text in its place; `y` is the baseline, from the top.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) style: Style,
    pub(crate) text: String,
}

/// What stands on a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) runs: Vec<Run>,
    /// Lines from margin to margin, from the top.
    pub(crate) rules: Vec<f32>,
}

/// Paragraphs in a column of a row.
pub(crate) struct Cell {
    left: f32,
    right: f32,
    flush: bool,
    paragraphs: Vec<(Style, String)>,
}

impl Cell {
    /// From `left` to `right`.
    pub(crate) const fn new(left: f32, right: f32) -> Self {
        Self { left, right, flush: false, paragraphs: Vec::new() }
    }

    /// Set flush right.
    pub(crate) fn flush_right(self) -> Self {
        Self { flush: true, ..self }
    }

    pub(crate) fn with(mut self, style: Style, text: impl Into<String>) -> Self {
        self.paragraphs.push((style, text.into()));
        self
    }

    fn wrapped(&self, faces: &Faces) -> Vec<(Style, String)> {
        let width = self.right - self.left;
        let lines = |(style, text): &(Style, String)| {
            let style = *style;
            let lines = faces.wrap(style.weight, style.size, width, text);
            lines.into_iter().map(move |line| (style, line)).collect::<Vec<_>>()
        };
        self.paragraphs.iter().flat_map(lines).collect()
    }
}

/// Pages as they fill.
pub(crate) struct Flow<'a> {
    faces: &'a Faces,
    done: Vec<Page>,
    page: Page,
    y: f32,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(faces: &'a Faces) -> Self {
        Self { faces, done: Vec::new(), page: Page::default(), y: TOP }
    }

    /// Leaves room, unless a page begins here.
    pub(crate) fn space(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// A new page, unless there is this much room.
    pub(crate) fn keep(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.done.push(std::mem::take(&mut self.page));
            self.y = TOP;
        }
    }

    /// A line from margin to margin.
    pub(crate) fn rule(&mut self) {
        self.y += 4.0;
        self.page.rules.push(self.y);
        self.y += 4.0;
    }

    /// Cells side by side. They stay together where a page can hold them.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<_> = cells.into_iter().map(|cell| (cell.wrapped(self.faces), cell)).collect();
        let longest = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
        let leading = |place: usize| {
            let on_it = cells.iter().filter_map(|(lines, _)| lines.get(place));
            on_it.map(|(style, _)| style.leading()).fold(0.0, f32::max)
        };
        let height: f32 = (0..longest).map(leading).sum();
        if height <= BOTTOM - TOP {
            self.keep(height);
        }
        for place in 0..longest {
            self.keep(leading(place));
            self.y += leading(place);
            for (lines, cell) in &cells {
                if let Some((style, text)) = lines.get(place) {
                    self.put(cell, *style, text);
                }
            }
        }
    }

    fn put(&mut self, cell: &Cell, style: Style, text: &str) {
        let width = self.faces.width(style.weight, style.size, text);
        let x = if cell.flush { cell.right - width } else { cell.left };
        // The baseline stands off the line's lower edge by what hangs below it.
        let y = style.size.mul_add(-0.3, self.y);
        self.page.runs.push(Run { x, y, style, text: text.to_owned() });
    }

    /// Every page, with its foot.
    pub(crate) fn finish(mut self, foot: &str) -> Vec<Page> {
        self.done.push(self.page);
        let count = self.done.len();
        for (number, page) in (1..).zip(&mut self.done) {
            let style = Style::SMALL;
            let of = format!("Page {number} of {count}");
            let width = self.faces.width(style.weight, style.size, &of);
            page.runs.push(Run { x: LEFT, y: FOOT, style, text: foot.to_owned() });
            page.runs.push(Run { x: RIGHT - width, y: FOOT, style, text: of });
        }
        self.done
    }
}
