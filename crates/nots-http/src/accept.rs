//! Which of the forms that an answer has is sent: what `Accept` asks for, as far as the gateway can pass it on.

use crate::Problem;

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its media type.
    pub media_type: &'static str,
    /// Whether it is bytes. API Gateway turns an answer back into bytes only by the first media type of `Accept`, so it
    /// is sent only when that is the one.
    pub binary: bool,
}

/// The form that is liked best, the first of those that are liked alike. Whoever says nothing gets the first.
///
/// # Errors
/// 406 when none will do.
pub fn chosen(accept: &str, forms: &'static [Form]) -> Result<Form, Problem> {
    let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::read).collect();
    if ranges.is_empty()
        && let Some(first) = forms.first()
    {
        return Ok(*first);
    }
    let first = ranges.first().map(|range| range.name);
    let can_be_sent =
        |form: &&Form| !form.binary || first.is_some_and(|name| name.eq_ignore_ascii_case(form.media_type));
    let liking = |form: &Form| {
        let fitting = ranges.iter().filter_map(|range| Some((range.fits(form.media_type)?, range.quality)));
        // The range that names it most closely speaks for it.
        fitting.max_by_key(|(closeness, _)| *closeness).map(|(closeness, quality)| (quality, closeness))
    };
    let liked = forms.iter().filter(can_be_sent).filter_map(|form| Some((liking(form)?, form)));
    // `max_by_key` answers the last of equals, and the first is meant.
    let best = liked.filter(|((quality, _), _)| *quality > 0).rev().max_by_key(|(liking, _)| *liking);
    best.map(|(_, form)| *form).ok_or_else(|| Problem::not_acceptable(forms))
}

/// One range of `Accept`: `application/pdf;q=0.5`.
struct Range<'a> {
    name: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| name.contains('/'))?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = match quality {
            None => 1_000,
            Some(quality) => thousandths(quality)?,
        };
        Some(Self { name, quality })
    }

    /// How closely it names a media type; none when it does not.
    fn fits(&self, media_type: &str) -> Option<u8> {
        let kind = media_type.split('/').next().unwrap_or_default();
        let any_of_kind = self.name.strip_suffix("/*").is_some_and(|name| name.eq_ignore_ascii_case(kind));
        if self.name.eq_ignore_ascii_case(media_type) {
            Some(2)
        } else if any_of_kind {
            Some(1)
        } else {
            (self.name == "*/*").then_some(0)
        }
    }
}

/// `0.5` as 500; none of what is no quality: 0 to 1 with at most three digits behind the point.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: &[Form] = &[
        Form { media_type: "application/json", binary: false },
        Form { media_type: "application/pdf", binary: true },
    ];

    #[test]
    fn the_form_that_is_liked_best_is_sent() {
        for (accept, sent) in [
            ("", Some("json")),
            ("*/*", Some("json")),
            ("application/*", Some("json")),
            ("application/json", Some("json")),
            ("Application/PDF", Some("pdf")),
            ("application/pdf;q=0.9, */*;q=0.1", Some("pdf")),
            ("application/pdf, */*", Some("pdf")),
            ("application/pdf;q=0.5, application/json", Some("json")),
            ("application/pdf, application/json", Some("json")),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some("json")),
            ("application/pdf;q=0", None),
            ("application/pdf;q=0, */*", Some("json")),
            ("application/json;q=0, application/pdf;q=1.000", None),
            ("text/html", None),
            ("*/*;q=0", None),
            ("text/html, application/pdf", None),
            ("application/json;q=0.1, application/pdf", Some("json")),
            ("application/json;charset=utf-8", Some("json")),
            ("nonsense", Some("json")),
            ("application/pdf;q=2", Some("json")),
        ] {
            let chosen = chosen(accept, FORMS).ok().map(|form| form.media_type);
            assert_eq!(
                chosen,
                sent.map(|kind| if kind == "pdf" { "application/pdf" } else { "application/json" }),
                "{accept}"
            );
        }
    }
}
