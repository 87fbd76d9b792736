//! Values come back as they were written, and are compared as what they are.

use nots_core::{
    ports::TableError,
    table::{Condition, Item, attr},
};
use serde_dynamo::AttributeValue;

use super::engine::{everywhere, item, put, unchanged, with};

fn map<const N: usize>(fields: [(&str, AttributeValue); N]) -> AttributeValue {
    AttributeValue::M(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

#[tokio::test]
async fn maps_lists_nulls_and_empty_strings_come_back_as_they_were() {
    everywhere(|engine| async move {
        let inner = map([
            ("empty", attr::text("")),
            ("null", AttributeValue::Null(true)),
            ("no", AttributeValue::Bool(false)),
            ("nothing", map([])),
            ("none", AttributeValue::L(vec![])),
            (
                "list",
                AttributeValue::L(vec![
                    number("1"),
                    attr::text(""),
                    AttributeValue::Null(true),
                    map([("deep", AttributeValue::L(vec![AttributeValue::Bool(true)]))]),
                ]),
            ),
            ("Ключ", attr::text("Zażółć gęślą jaźń 🚕 e\u{301} \u{0} \"\\/\u{2028}")),
            ("a.b#c:d e-f", attr::text("neither dots nor signs mean anything in a name")),
            ("bytes", AttributeValue::B(vec![0, 255, 10])),
        ]);
        let written = with(item("V", "1"), "Data", inner);
        engine.write(vec![put(written.clone(), Condition::Absent)]).await.unwrap();
        assert_eq!(engine.get("V", "1").await, Some(written.clone()));
        // The old image of a refusal is the same item.
        let refused = engine.write(vec![put(item("V", "1"), Condition::Absent)]).await;
        assert!(matches!(refused, Err(TableError::Refused(old)) if old == [(0, Some(written))]));
    })
    .await;
}

#[tokio::test]
async fn sets_that_somebody_else_wrote_survive() {
    everywhere(|engine| async move {
        let texts = AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]);
        let written = with(item("V", "1"), "Tags", texts);
        engine.write(vec![put(written, Condition::Absent)]).await.unwrap();
        let read = engine.get("V", "1").await.unwrap();
        let mut tags = match &read["Tags"] {
            AttributeValue::Ss(tags) => tags.clone(),
            other => panic!("{other:?}"),
        };
        tags.sort();
        assert_eq!(tags, ["a", "b"]);
        let next = with(read, "Version", attr::number(2));
        engine.write(vec![put(next, unchanged(1))]).await.unwrap();
        assert!(matches!(&engine.get("V", "1").await.unwrap()["Tags"], AttributeValue::Ss(tags) if tags.len() == 2));
    })
    .await;
}

#[tokio::test]
async fn a_number_keeps_38_digits_and_comes_back_in_its_shortest_form() {
    everywhere(|engine| async move {
        let longest = "12345678901234567890123456789012345678";
        let kept = [
            ("0", "0"),
            ("-5", "-5"),
            ("100", "100"),
            ("1.50", "1.5"),
            ("0.1", "0.1"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("9999999999", "9999999999"),
            ("18446744073709551615", "18446744073709551615"),
            (longest, longest),
        ];
        let fields = kept.map(|(given, _)| (given, number(given)));
        engine.write(vec![put(with(item("V", "1"), "Data", map(fields)), Condition::Absent)]).await.unwrap();
        let Some(AttributeValue::M(read)) = engine.get("V", "1").await.unwrap().remove("Data") else {
            panic!("no map")
        };
        for (given, kept) in kept {
            assert_eq!(read[given], number(kept), "{given}");
        }
        for bad in [&format!("{longest}9"), "1e126", "1e-131", "NaN", "seven", ""] {
            let refused =
                engine.write(vec![put(with(item("V", "2"), "Data", number(bad)), Condition::Absent)]).await;
            assert!(matches!(refused, Err(TableError::Rejected(_))), "{bad}: {refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn numbers_are_compared_as_numbers() {
    everywhere(|engine| async move {
        // `Version` is compared in every rewrite: 10 is more than 9, and 10.0 is 10.
        engine.plant([with(item("V", "1"), "Version", number("10.0"))]).await;
        let next = with(item("V", "1"), "Version", attr::number(11));
        engine.write(vec![put(next, unchanged(10))]).await.unwrap();
        let text = with(item("V", "2"), "Version", attr::text("1"));
        engine.plant([text.clone()]).await;
        let refused = engine.write(vec![put(item("V", "2"), unchanged(1))]).await;
        assert!(
            matches!(refused, Err(TableError::Refused(old)) if old == [(0, Some(text))]),
            "a text is no number"
        );
    })
    .await;
}

#[tokio::test]
async fn an_item_nests_31_maps_within_an_attribute_and_no_more() {
    everywhere(|engine| async move {
        let nested = |depth: usize| (0..depth).fold(attr::text("x"), |inner, _| map([("a", inner)]));
        let good = with(item("V", "1"), "Data", nested(31));
        engine.write(vec![put(good.clone(), Condition::Absent)]).await.unwrap();
        assert_eq!(engine.get("V", "1").await, Some(good));
        let bad = with(item("V", "2"), "Data", nested(32));
        let refused = engine.write(vec![put(bad, Condition::Absent)]).await;
        assert!(matches!(refused, Err(TableError::Rejected(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn reserved_words_are_names_like_any_other() {
    everywhere(|engine| async move {
        let words = ["Data", "TTL", "Status", "Name", "Type", "Date", "Year", "Timestamp", "User", "Version"];
        let mut odd: Item = item("V", "1");
        for word in words {
            odd.insert(word.to_owned(), attr::number(1));
        }
        odd.insert("Data".to_owned(), map([("status", attr::text("pending"))]));
        engine.plant([odd.clone()]).await;
        assert_eq!(engine.get("V", "1").await, Some(odd.clone()));
        let states = vec!["pending"];
        let next = with(odd, "Version", attr::number(2));
        let leaves = Condition::Leaves(nots_core::table::Version::FIRST, states);
        engine.write(vec![put(next, leaves)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_has_outlived_its_ttl_is_there_until_somebody_deletes_it() {
    everywhere(|engine| async move {
        let expired = with(item("V", "1"), "TTL", attr::number(1_000_000_000));
        engine.plant([expired.clone()]).await;
        assert_eq!(engine.get("V", "1").await, Some(expired.clone()));
        let next = with(expired, "Version", attr::number(2));
        engine.write(vec![put(next.clone(), unchanged(1))]).await.unwrap();
        let page =
            engine.query(super::engine::of_table("V", nots_core::table::SortRange::All)).await.unwrap();
        assert_eq!(page.items, [next]);
    })
    .await;
}
