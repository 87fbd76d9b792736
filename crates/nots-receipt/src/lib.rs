//! A receipt as a PDF.
//!
//! The text is text, in an embedded font with every Latin, Greek and Cyrillic letter, so that it can be searched,
//! copied and read aloud. What does not fit a line is wrapped and what does not fit a page goes on over the next.
//!
//! **Invariant:** a receipt in, bytes out: no I/O and no clock, and the same receipt is the same bytes.

mod face;
mod flow;
mod layout;
mod write;

use nots_core::receipt::Receipt;

use face::Faces;

/// A receipt could not be set: a fault of ours, in the embedded fonts or their use.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// An embedded font cannot be read.
    #[error("an embedded font cannot be read")]
    Font(#[from] ttf_parser::FaceParsingError),
    /// An embedded font cannot be cut down to what is used of it.
    #[error("an embedded font cannot be cut down to what is used of it")]
    Subset(#[from] subsetter::Error),
}

/// The receipt as a PDF of A4 pages.
///
/// # Errors
/// When an embedded font is not usable, which no receipt can cause.
pub fn pdf(receipt: &Receipt) -> Result<Vec<u8>, RenderError> {
    let faces = Faces::embedded()?;
    let pages = layout::pages(receipt, &faces);
    let about = write::About {
        title: format!("Receipt {}", receipt.booking_reference.as_str()),
        author: receipt.operator.name.clone(),
        issued_at: receipt.issued_at,
    };
    write::document(&pages, &faces, &about)
}

/// What the file is best called: `receipt-NOTS-7K3M9Q.pdf`.
#[must_use]
pub fn file_name(receipt: &Receipt) -> String {
    format!("receipt-{}.pdf", receipt.booking_reference.as_str())
}
