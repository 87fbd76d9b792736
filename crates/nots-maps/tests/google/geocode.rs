//! Where an address is.

use nots_core::{geo::Place, ports::Maps};
use nots_maps::Fault;

use crate::{Google, KEY, Say, at, fault};

const ADDRESS: &str = "Flat 3, 12 Acacia Avenue & Mews, Poole";

#[tokio::test]
async fn an_address_is_asked_for_as_the_reference_says() {
    let google = Google::says([Say::File(200, "place")]).await;
    let place = google.maps().0.locate(ADDRESS).await.unwrap();
    // Under the customer's words, which say the flat.
    assert_eq!(place, Some(Place { address: ADDRESS.to_owned(), at: at(50.7251234, -1.9612345) }));
    assert_eq!(
        google.heard(),
        [format!(
            "GET /maps/api/geocode/json?address=Flat+3%2C+12+Acacia+Avenue+%26+Mews%2C+Poole&components=country%3AGB\
             &region=gb&language=en-GB&key={KEY}"
        )]
    );
}

#[tokio::test]
async fn what_google_guesses_is_not_taken_for_the_place() {
    for (file, why) in [
        ("partial", "a part of the address was found"),
        ("two_places", "it could be either"),
        ("country", "what is left when nothing but the filter matched"),
        ("zero_results", "there is none"),
    ] {
        let google = Google::says([Say::File(200, file)]).await;
        assert_eq!(google.maps().0.locate(ADDRESS).await.unwrap(), None, "{why}");
    }
    let google = Google::says([Say::File(200, "one_place_twice")]).await;
    assert!(google.maps().0.locate(ADDRESS).await.unwrap().is_some(), "a flat and its house are one place");
    let none = r#"{"status":"OK","results":[]}"#;
    let google = Google::says([Say::Text(200, none)]).await;
    assert_eq!(google.maps().0.locate(ADDRESS).await.unwrap(), None);
}

#[tokio::test]
async fn each_status_is_told_apart_and_asked_again_only_where_that_can_help() {
    type Is = fn(&Fault) -> bool;
    let off_the_earth = r#"{"status":"OK","results":[{"geometry":{"location":{"lat":95.0,"lng":0.0}}}]}"#;
    let cases: [(Say, Is, usize); 11] = [
        (Say::File(200, "over_query_limit"), |f| matches!(f, Fault::Quota(_)), 2),
        (Say::File(200, "unknown_error"), |f| matches!(f, Fault::Broken(_)), 2),
        (Say::File(429, "quota"), |f| matches!(f, Fault::Quota(_)), 2),
        (Say::Text(503, ""), |f| matches!(f, Fault::Broken(_)), 2),
        (Say::File(200, "over_daily_limit"), |f| matches!(f, Fault::Denied(_)), 1),
        (Say::File(200, "request_denied"), |f| matches!(f, Fault::Denied(_)), 1),
        (Say::Text(403, "forbidden"), |f| matches!(f, Fault::Denied(_)), 1),
        (Say::File(200, "invalid_request"), |f| matches!(f, Fault::Refused(_)), 1),
        (Say::Text(200, "<html>"), |f| matches!(f, Fault::Unreadable), 1),
        (Say::Text(200, r#"{"status":"TOMORROW"}"#), |f| matches!(f, Fault::Unreadable), 1),
        (Say::Text(200, off_the_earth), |f| matches!(f, Fault::Unreadable), 1),
    ];
    for (place, (say, is, times)) in cases.into_iter().enumerate() {
        let google = Google::says([say; 2]).await;
        let error = google.maps().0.locate(ADDRESS).await.unwrap_err();
        assert!(is(fault(&error)), "{place}: {error:?}");
        assert_eq!(google.times(), times, "{place}");
        let told = format!("{error:?}");
        assert!(!told.contains("Acacia") && !told.contains(KEY), "{told}");
    }
}

#[tokio::test]
async fn a_key_that_was_changed_is_fetched_again_once() {
    let google = Google::says([Say::File(200, "request_denied"), Say::File(200, "place")]).await;
    let (maps, around) = google.maps();
    around.key.lock().unwrap().1 = "AIzaSyTheSecondKey";
    assert!(maps.locate(ADDRESS).await.unwrap().is_some());
    assert!(google.heard()[1].ends_with("&key=AIzaSyTheSecondKey"));
}
