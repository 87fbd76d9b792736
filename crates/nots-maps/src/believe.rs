//! Which answers of a provider are believed: a customer pays for the metres and the seconds.

use nots_core::{
    journey::{Leg, Source, Way},
    time::Seconds,
};

/// Metres by which a provider's rounding may fall below the great circle.
const ROUNDING: f64 = 1.0;
/// No detour is more than this many times the great circle …
const DETOUR: f64 = 5.0;
/// … and this many metres: round a loch, or by land where the ferry across a harbour does not run.
const ROUND_THE_WATER: f64 = 100_000.0;
/// Metres per second that no car averages: 134 mph.
const FASTEST: f64 = 60.0;
/// Two days: no journey from end to end of Great Britain takes as long.
const LONGEST: f64 = 172_800.0;
/// Most bytes of a line on the map: what a quote's item, of 400 KB at most and a unit for each KB, has room for.
const LONGEST_LINE: usize = 8 * 1024;

/// Why an answer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No road is.
    #[error("shorter than the great circle")]
    TooShort,
    /// No detour is.
    #[error("absurdly long")]
    TooLong,
    /// A drive without time, or faster than any car.
    #[error("absurdly fast")]
    TooFast,
    /// Days.
    #[error("absurdly slow")]
    TooSlow,
}

/// What a provider says of a way, once it can be believed: never below the great circle, whole seconds rounded up, and
/// a line only if it is one and has room.
pub(crate) fn believe(way: &Way, metres: f64, seconds: f64, polyline: Option<String>) -> Result<Leg, Doubt> {
    let least = way.great_circle_metres();
    let (metres, seconds) = (metres.ceil(), seconds.ceil());
    // Not a number is in no order, so each comparison is the one that must hold.
    if !(metres + ROUNDING >= least && metres >= 0.0) {
        return Err(Doubt::TooShort);
    }
    if metres > least * DETOUR + ROUND_THE_WATER {
        return Err(Doubt::TooLong);
    }
    if !(seconds > 0.0 && metres <= seconds * FASTEST) {
        return Err(Doubt::TooFast);
    }
    if seconds > LONGEST {
        return Err(Doubt::TooSlow);
    }
    let polyline = polyline.filter(|line| is_line(line));
    // Both are far inside the range of `u32`: half the Earth's circumference × 5 and more is below 200,000 km a hop.
    Ok(Leg {
        metres: metres.max(least.ceil()) as u32,
        seconds: seconds as Seconds,
        source: Source::Google,
        polyline,
    })
}

/// Whether a text can be an encoded polyline, and is not too long to keep.
fn is_line(text: &str) -> bool {
    (1..=LONGEST_LINE).contains(&text.len()) && text.bytes().all(|byte| (63..=126).contains(&byte))
}

#[cfg(test)]
mod tests {
    use nots_core::{Timestamp, geo::Coordinates};
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Coordinates {
        Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
    }

    /// 9,097 m along the great circle.
    fn way() -> Way {
        let departing = Timestamp::new(1_733_842_200).unwrap();
        Way { from: at(50.7260, -1.8782), via: vec![], to: at(50.7122, -2.0053), departing }
    }

    #[test]
    fn what_a_road_can_be() {
        let leg = believe(&way(), 10_214.0, 1_311.2, Some("_p~iF~ps|U".to_owned())).unwrap();
        assert_eq!((leg.metres, leg.seconds, leg.source), (10_214, 1_312, Source::Google));
        assert_eq!(leg.polyline.as_deref(), Some("_p~iF~ps|U"));
    }

    #[test]
    fn what_no_road_can_be() {
        let least = way().great_circle_metres();
        for (metres, seconds, doubt) in [
            (8_500.0, 1_200.0, Doubt::TooShort),
            (least.floor() - 1.0, 1_200.0, Doubt::TooShort),
            (0.0, 1_200.0, Doubt::TooShort),
            (-10_000.0, 1_200.0, Doubt::TooShort),
            (f64::NAN, 1_200.0, Doubt::TooShort),
            (f64::NEG_INFINITY, 1_200.0, Doubt::TooShort),
            (f64::INFINITY, 1_200.0, Doubt::TooLong),
            (least * 5.0 + 100_001.0, 9_000.0, Doubt::TooLong),
            (10_000.0, 0.0, Doubt::TooFast),
            (10_000.0, -600.0, Doubt::TooFast),
            (10_000.0, f64::NAN, Doubt::TooFast),
            (10_000.0, 100.0, Doubt::TooFast),
            (10_000.0, 172_801.0, Doubt::TooSlow),
            (10_000.0, f64::INFINITY, Doubt::TooSlow),
        ] {
            assert_eq!(believe(&way(), metres, seconds, None), Err(doubt), "{metres} m, {seconds} s");
        }
        // From Sandbanks to Studland when the ferry does not run.
        let across = Way { from: at(50.6836, -1.9487), to: at(50.6796, -1.9523), ..way() };
        assert!(believe(&across, 41_000.0, 3_300.0, None).is_ok());
    }

    #[test]
    fn rounding_to_the_metre_is_not_a_shorter_road() {
        let least = way().great_circle_metres();
        let leg = believe(&way(), least.floor(), 900.0, None).unwrap();
        assert_eq!(f64::from(leg.metres), least.ceil(), "and is lifted to the great circle all the same");
    }

    #[test]
    fn the_great_circle_goes_by_every_stop() {
        let there_and_back = Way { via: vec![at(50.7122, -2.0053)], to: at(50.7260, -1.8782), ..way() };
        assert_eq!(believe(&there_and_back, 10_214.0, 1_311.0, None), Err(Doubt::TooShort));
        assert!(believe(&there_and_back, 20_428.0, 2_622.0, None).is_ok());
    }

    #[test]
    fn a_line_that_is_none_or_too_long_is_left_out() {
        let with = |line: String| believe(&way(), 10_214.0, 1_311.0, Some(line)).unwrap().polyline;
        assert_eq!(with(String::new()), None);
        assert_eq!(with("12 Acacia Avenue".to_owned()), None);
        assert_eq!(with("é".to_owned()), None);
        assert!(with("~".repeat(8_192)).is_some());
        assert_eq!(with("~".repeat(8_193)), None);
    }

    proptest! {
        #[test]
        fn whatever_is_believed_is_no_shorter_than_the_great_circle(metres in any::<f64>(), seconds in any::<f64>()) {
            if let Ok(leg) = believe(&way(), metres, seconds, None) {
                prop_assert!(f64::from(leg.metres) >= way().great_circle_metres());
                prop_assert!(leg.seconds > 0);
            }
        }
    }
}
