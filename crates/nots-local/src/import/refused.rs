//! Lines that were refused, kept as they were and with why, so that they can be mended and imported again.

use nots_http::FieldError;
use serde::de::IgnoredAny;
use serde_json::json;

/// What is put into a refused line; an import passes over it.
pub(super) const REFUSED: &str = "refused";
const BEFORE: &str = r#"{"refused":"#;
/// How much is kept of a line that is no object, in bytes.
const SHOWN: usize = 2_000;

/// The line with its number and what is wrong with it put in front of all that it says.
pub(super) fn told(number: u64, line: &str, errors: &[FieldError]) -> String {
    let line = original(line.trim());
    let Some(rest) = line.strip_prefix('{').filter(|_| serde_json::from_str::<IgnoredAny>(&line).is_ok())
    else {
        let shown: String = line.chars().take(SHOWN).collect();
        return json!({ REFUSED: { "line": number, "errors": errors, "text": shown } }).to_string();
    };
    let why = json!({ "line": number, "errors": errors });
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{BEFORE}{why}{comma}{rest}")
}

/// The line without what an earlier run put in front of it.
fn original(line: &str) -> String {
    let kept = || {
        let rest = line.strip_prefix(BEFORE)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let rest = rest.get(values.byte_offset()..)?.trim_start();
        Some(format!("{{{}", rest.strip_prefix(',').unwrap_or(rest)))
    };
    kept().unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_as_it_was_however_often_it_is_refused() {
        let errors = [FieldError::at("/email", "is required")];
        let line = r#"{ "z": 1.0, "a": "é" }"#;
        let once = told(3, line, &errors);
        insta::assert_snapshot!(once, @r#"{"refused":{"errors":[{"detail":"is required","pointer":"/email"}],"line":3}, "z": 1.0, "a": "é" }"#);
        assert_eq!(told(3, &once, &errors), once);
        assert_eq!(original(&once), line);
        assert_eq!(told(1, "{}", &[]), r#"{"refused":{"errors":[],"line":1}}"#);
        assert_eq!(original(&told(1, "{}", &[])), "{}");
        assert_eq!(told(1, "{x", &[]), r#"{"refused":{"errors":[],"line":1,"text":"{x"}}"#);
    }
}
