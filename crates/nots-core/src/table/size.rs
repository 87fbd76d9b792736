//! How large an item is, as DynamoDB counts it.

use serde_dynamo::AttributeValue;

use super::stored::Item;

/// The most bytes that DynamoDB takes as one item: 400 KB.
pub const MOST_BYTES: usize = 400 * 1_024;

/// The bytes of an item, names included, as DynamoDB counts them for its limit and its units: text in UTF-8, a number
/// at two digits a byte and one or two more, 3 for a list or map and 1 for each element of it.
///
/// Source: "DynamoDB item sizes and formats" in the DynamoDB Developer Guide. Of numbers AWS says "approximately"; the
/// larger figure is taken.
#[must_use]
pub fn item_bytes(item: &Item) -> usize {
    item.iter().fold(0, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(bytes(value)))
}

fn bytes(value: &AttributeValue) -> usize {
    let all = |lengths: &mut dyn Iterator<Item = usize>| {
        lengths.fold(3_usize, |sum, length| sum.saturating_add(length).saturating_add(1))
    };
    match value {
        AttributeValue::Null(_) | AttributeValue::Bool(_) => 1,
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => number_bytes(digits),
        AttributeValue::B(binary) => binary.len(),
        AttributeValue::L(elements) => all(&mut elements.iter().map(bytes)),
        AttributeValue::M(inner) => {
            all(&mut inner.iter().map(|(name, value)| name.len().saturating_add(bytes(value))))
        }
        AttributeValue::Ss(texts) => all(&mut texts.iter().map(String::len)),
        AttributeValue::Ns(numbers) => all(&mut numbers.iter().map(|digits| number_bytes(digits))),
        AttributeValue::Bs(binaries) => all(&mut binaries.iter().map(Vec::len)),
    }
}

fn number_bytes(digits: &str) -> usize {
    digits.bytes().filter(u8::is_ascii_digit).count().div_ceil(2).saturating_add(2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_values_count() {
        let of = |value| item_bytes(&serde_dynamo::to_item(value).unwrap());
        assert_eq!(of(json!({ "PK": "é" })), 4, "text is UTF-8");
        assert_eq!(of(json!({ "N": 1_701_710_400 })), 1 + 7);
        assert_eq!(of(json!({ "N": -12.5 })), 1 + 4);
        assert_eq!(of(json!({ "a": null, "b": true })), 4);
        assert_eq!(of(json!({ "L": ["ab", "c"] })), 1 + 3 + (2 + 1) + (1 + 1));
        assert_eq!(of(json!({ "M": { "ab": "c" } })), 1 + 3 + (2 + 1 + 1));
    }
}
