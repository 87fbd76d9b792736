//! How far it is.

use std::time::Duration;

use nots_core::{
    Timestamp,
    journey::{Source, Way},
    ports::{Clock, Maps},
};
use nots_maps::{Doubt, Fault, Patience};
use serde_json::{Value, json};

use crate::{Google, KEY, PICKUP, Say, at, fault, patient, way};

const FOUND: Say = Say::File(200, "route");

/// The body of what was asked.
fn body(heard: &str) -> Value {
    serde_json::from_str(heard.lines().last().unwrap()).unwrap()
}

#[tokio::test]
async fn a_way_is_asked_for_as_the_reference_says() {
    let google = Google::says([FOUND]).await;
    let leg = google.maps().0.drive(&way()).await.unwrap();
    assert_eq!((leg.metres, leg.seconds, leg.source), (10_214, 1_311, Source::Google));
    assert_eq!(leg.polyline.as_deref(), Some(r"kz~tHh_rJp@tBnBxHdApE\`CPzAJvAHpBDxCAjDIdEQpEYlF"));

    let heard = google.heard();
    let lines: Vec<_> = heard[0].lines().collect();
    assert_eq!(
        lines[..4],
        [
            "POST /directions/v2:computeRoutes",
            "content-type: application/json",
            &format!("x-goog-api-key: {KEY}"),
            "x-goog-fieldmask: routes.distanceMeters,routes.duration,routes.polyline.encodedPolyline",
        ]
    );
    let stop = |latitude: f64, longitude: f64| json!({ "location": { "latLng": { "latitude": latitude, "longitude": longitude } } });
    assert_eq!(
        body(&heard[0]),
        json!({
            "origin": stop(50.726, -1.8782),
            "destination": stop(50.7122, -2.0053),
            "travelMode": "DRIVE",
            "routingPreference": "TRAFFIC_AWARE",
            "departureTime": "2024-12-10T14:50:00Z",
            "languageCode": "en-GB",
            "regionCode": "GB",
            "units": "METRIC",
        })
    );
}

#[tokio::test]
async fn the_stops_between_are_asked_for_in_their_order() {
    let google =
        Google::says([Say::Text(200, r#"{"routes":[{"distanceMeters":30000,"duration":"2400s"}]}"#)]).await;
    let way = Way { via: vec![at(50.78, -1.84), at(50.75, -1.95)], ..way() };
    let leg = google.maps().0.drive(&way).await.unwrap();
    assert_eq!((leg.metres, leg.polyline), (30_000, None));
    let via = body(&google.heard()[0])["intermediates"].clone();
    let latitudes: Vec<_> =
        via.as_array().unwrap().iter().map(|stop| &stop["location"]["latLng"]["latitude"]).collect();
    assert_eq!(latitudes, [&json!(50.78), &json!(50.75)]);
    assert!(via[0].get("via").is_none(), "a stop, not a place to pass by");
}

#[tokio::test]
async fn a_departure_that_is_now_or_past_is_left_out() {
    let google = Google::says([FOUND; 3]).await;
    let (maps, around) = google.maps();
    for (departing, sent) in [(-5_i64, false), (60, false), (61, true)] {
        let way = Way { departing: Timestamp::new(around.now().seconds() + departing).unwrap(), ..way() };
        maps.drive(&way).await.unwrap();
        let asked = body(google.heard().last().unwrap());
        assert_eq!(asked.get("departureTime").is_some(), sent, "{departing}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_road_is_not_believed() {
    for (answer, doubt) in [
        (r#"{"routes":[{"distanceMeters":9000,"duration":"1311s"}]}"#, Doubt::TooShort),
        (r#"{"routes":[{"distanceMeters":-10214,"duration":"1311s"}]}"#, Doubt::TooShort),
        (r#"{"routes":[{"duration":"1311s"}]}"#, Doubt::TooShort),
        (r#"{"routes":[{"distanceMeters":9000000,"duration":"131100s"}]}"#, Doubt::TooLong),
        (r#"{"routes":[{"distanceMeters":10214,"duration":"0s"}]}"#, Doubt::TooFast),
        (r#"{"routes":[{"distanceMeters":10214}]}"#, Doubt::TooFast),
        (r#"{"routes":[{"distanceMeters":10214,"duration":"-60s"}]}"#, Doubt::TooFast),
        (r#"{"routes":[{"distanceMeters":10214,"duration":"999999s"}]}"#, Doubt::TooSlow),
    ] {
        let google = Google::says([Say::Text(200, answer)]).await;
        let error = google.maps().0.drive(&way()).await.unwrap_err();
        assert!(
            matches!(fault(&error), Fault::Unbelievable(found) if *found == doubt),
            "{answer}: {error:?}"
        );
        assert_eq!(google.times(), 1, "asking again would say the same");
    }
}

#[tokio::test]
async fn each_refusal_is_told_apart_and_asked_again_only_where_that_can_help() {
    type Is = fn(&Fault) -> bool;
    let cases: [(Say, Is, usize); 14] = [
        (Say::File(200, "no_route"), |f| matches!(f, Fault::NoRoad), 1),
        (Say::Text(200, r#"{"routes":[]}"#), |f| matches!(f, Fault::NoRoad), 1),
        (Say::File(400, "invalid_argument"), |f| matches!(f, Fault::Refused(_)), 1),
        (Say::Text(404, "not here"), |f| matches!(f, Fault::Refused(_)), 1),
        (Say::File(403, "key_missing"), |f| matches!(f, Fault::Denied(_)), 1),
        (Say::File(400, "key_invalid"), |f| matches!(f, Fault::Denied(_)), 1),
        (Say::Text(200, "{"), |f| matches!(f, Fault::Unreadable), 1),
        (
            Say::Text(200, r#"{"routes":[{"distanceMeters":10214,"duration":"soon"}]}"#),
            |f| matches!(f, Fault::Unreadable),
            1,
        ),
        (Say::TooMuch, |f| matches!(f, Fault::Unreadable), 1),
        (Say::Elsewhere, |f| matches!(f, Fault::Unreadable), 1),
        (Say::File(429, "quota"), |f| matches!(f, Fault::Quota(_)), 2),
        (Say::File(503, "unavailable"), |f| matches!(f, Fault::Broken(_)), 2),
        (Say::Text(502, "<html>Bad Gateway</html>"), |f| matches!(f, Fault::Broken(_)), 2),
        (Say::Text(500, ""), |f| matches!(f, Fault::Broken(_)), 2),
    ];
    for (place, (say, is, times)) in cases.into_iter().enumerate() {
        let google = Google::says([say; 2]).await;
        let (maps, around) = google.maps();
        let error = maps.drive(&way()).await.unwrap_err();
        assert!(is(fault(&error)), "{place}: {error:?}");
        assert_eq!((google.times(), around.paused()), (times, times - 1), "{place}");
        let told = format!("{error:?}");
        assert!(!["Acacia", "50.7", KEY, "127.0.0.1"].iter().any(|private| told.contains(private)), "{told}");
    }
}

#[tokio::test]
async fn google_s_words_are_kept_and_its_sentences_are_not() {
    for (say, told) in [
        (Say::File(429, "quota"), "the quota is used up: 429 RESOURCE_EXHAUSTED RATE_LIMIT_EXCEEDED"),
        (Say::File(400, "key_invalid"), "the key is refused: 400 INVALID_ARGUMENT API_KEY_INVALID"),
        (Say::File(400, "invalid_argument"), "the request is not taken: 400 INVALID_ARGUMENT"),
        (
            Say::Text(400, r#"{"error":{"status":"no 12 Acacia Avenue"}}"#),
            "the request is not taken: 400 unnamed",
        ),
    ] {
        let google = Google::says([say; 2]).await;
        let error = google.maps().0.drive(&way()).await.unwrap_err();
        assert_eq!(fault(&error).to_string(), told);
    }
}

#[tokio::test]
async fn a_passing_fault_costs_one_pause_with_jitter() {
    for passing in [Say::File(429, "quota"), Say::File(503, "unavailable")] {
        let google = Google::says([passing, FOUND]).await;
        let (maps, around) = google.maps();
        assert_eq!(maps.drive(&way()).await.unwrap().source, Source::Google);
        // Fifty, and 1,049 modulo fifty.
        assert_eq!(*around.pauses.lock().unwrap(), [Duration::from_millis(99)]);
    }
}

#[tokio::test]
async fn a_key_that_was_changed_is_fetched_again_once() {
    let denied = Say::File(403, "key_missing");
    let google = Google::says([denied, FOUND]).await;
    let (maps, around) = google.maps();
    around.key.lock().unwrap().1 = "AIzaSyTheSecondKey";
    maps.drive(&way()).await.unwrap();
    let keys: Vec<_> = google.heard().iter().map(|heard| heard.lines().nth(2).unwrap().to_owned()).collect();
    assert_eq!(keys, [format!("x-goog-api-key: {KEY}"), "x-goog-api-key: AIzaSyTheSecondKey".to_owned()]);

    let google = Google::says([denied, denied, FOUND]).await;
    let (maps, around) = google.maps();
    around.key.lock().unwrap().1 = "AIzaSyTheSecondKey";
    assert!(matches!(fault(&maps.drive(&way()).await.unwrap_err()), Fault::Denied(_)));
    assert_eq!((google.times(), around.key.lock().unwrap().2), (2, 1), "refused with the new one too");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let short = Duration::from_millis(40);
    let google = Google::says([Say::Nothing, FOUND]).await;
    let (maps, _) = google.maps();
    let maps = maps.with_patience(Patience { per_try: short, ..patient() });
    assert_eq!(maps.drive(&way()).await.unwrap().metres, 10_214, "the second try is answered");

    let google = Google::says([Say::Nothing, Say::Nothing]).await;
    let maps = google.maps().0.with_patience(Patience { per_try: short, ..patient() });
    assert!(matches!(fault(&maps.drive(&way()).await.unwrap_err()), Fault::Late));
    assert_eq!(google.times(), 2);

    let google = Google::says([Say::Nothing]).await;
    let maps = google.maps().0.with_patience(Patience { drive: short, ..patient() });
    assert!(
        matches!(fault(&maps.drive(&way()).await.unwrap_err()), Fault::Late),
        "in all, not only for a try"
    );
}

#[tokio::test]
async fn nobody_at_the_other_end_is_told_without_the_url() {
    let mut google = Google::says([]).await;
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    google.host = format!("http://{free}");
    let error = google.maps().0.locate("12 Acacia Avenue").await.unwrap_err();
    assert!(matches!(fault(&error), Fault::Unreachable(_)), "{error:?}");
    let told = format!("{error:?}");
    assert!(!told.contains("Acacia") && !told.contains(KEY) && !told.contains("geocode"), "{told}");
}

#[test]
fn a_price_waits_three_seconds_at_most() {
    let Patience { place, drive, per_try, .. } = Patience::default();
    assert!(place + drive <= Duration::from_secs(3) && per_try < place && PICKUP > 0);
}
