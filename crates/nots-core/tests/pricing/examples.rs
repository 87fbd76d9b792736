//! Each rule by an example that a person can work out.

use nots_core::{
    Pence, Timestamp,
    calendar::Weekday,
    entity::tariff::{BankHolidays, Label, Overlap, Terms, Uplift, Vat, When},
    journey::VehicleType,
    pricing::{Direction, Rule, Stop, Trip, price, waiting_at_pickup, work_out},
};

use super::{FAR_AWAY, HARBOUR, HEATHROW, STATION, code, fare, lines, on, place, terms, trip, wanted};

#[test]
fn the_schema_documents_example() {
    let fare = fare(&terms(), &trip());
    insta::assert_json_snapshot!(fare.breakdown, @r#"
    {
      "baseFare": 500,
      "distanceCharge": 528,
      "timeCharge": 200,
      "fixedPrice": 0,
      "minimumFare": 0,
      "nightUplift": 0,
      "weekendUplift": 0,
      "bankHolidayUplift": 0,
      "returnDiscount": 0,
      "viaStops": 0,
      "waiting": 0,
      "extras": 0,
      "airportFee": 0,
      "returnLeg": 0,
      "subtotal": 1228,
      "tax": 0,
      "total": 1228
    }
    "#);
    let words: Vec<_> = fare.lines.iter().map(|l| l.description.as_str()).collect();
    assert_eq!(
        words,
        [
            "Base fare £5.00",
            "8500 m (5.28 miles) at £1.00 a mile: 8500 ÷ 1609.344 × £1.00",
            "1200 s (20.0 minutes) at £0.10 a minute: 1200 ÷ 60 × £0.10"
        ]
    );
}

#[test]
fn every_rule_that_was_looked_at_says_why_it_does_or_does_not_count() {
    let at_night = Trip { pickup_time: on("2026-11-24", 23 * 60 + 15), metres: 400, seconds: 90, ..trip() };
    let steps = work_out(&terms(), &at_night).unwrap().steps;
    let told: Vec<_> = steps
        .iter()
        .map(|s| format!("{} {:?} {} {}", if s.applied { "+" } else { "-" }, s.rule, s.amount, s.arithmetic))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    + Base 500p Base fare £5.00
    - FixedPrice 0p No fixed price is for these places
    + Distance 25p 400 m (0.25 miles) at £1.00 a mile: 400 ÷ 1609.344 × £1.00
    + Time 15p 90 s (1.5 minutes) at £0.10 a minute: 90 ÷ 60 × £0.10
    + MinimumFare 260p £5.40 lifted to the minimum fare of £8.00
    + NightUplift 160p Night: 20% of £8.00, because 23:15 in London is between 22:00 and 06:00
    - BankHolidayUplift 0p Bank holiday: Tue 24 Nov 2026 is not a bank holiday
    "#);
}

#[test]
fn a_short_journey_is_lifted_to_the_minimum() {
    let fare = fare(&terms(), &Trip { metres: 400, seconds: 90, ..trip() });
    assert_eq!(
        lines(&fare),
        [(Rule::Base, 500), (Rule::Distance, 25), (Rule::Time, 15), (Rule::MinimumFare, 260)]
    );
    assert_eq!(fare.breakdown.minimum_fare, Pence::new(260));
}

#[test]
fn a_registered_operators_fare_has_the_vat_inside_it() {
    let registered = Terms { vat: Vat { registered: true, rate_basis_points: 2_000 }, ..terms() };
    let trip = Trip { vehicle_type: VehicleType::Executive, ..trip() };
    let (before, fare) = (fare(&terms(), &trip), fare(&registered, &trip));
    assert_eq!(before.total(), fare.total(), "what the customer pays does not depend on it");
    // 900 + 845 + 320, and a sixth of that.
    assert_eq!(
        (fare.total().get(), fare.breakdown.tax.get(), fare.breakdown.subtotal.get()),
        (2_065, 344, 1_721)
    );
}

fn uplift(name: &str, when: When, basis_points: u32) -> Uplift {
    Uplift { code: code(name), name: Label::parse(name).unwrap(), when, basis_points }
}

fn uplifted(terms: &Terms, pickup_time: Timestamp) -> Vec<(Rule, i64)> {
    let fare = fare(terms, &Trip { pickup_time, ..trip() });
    lines(&fare).into_iter().skip(3).collect()
}

#[test]
fn the_night_goes_over_midnight_and_by_the_clock_in_london_both_sides_of_a_clock_change() {
    let t = terms();
    let night = [(Rule::NightUplift, 246)];
    for (date, minutes, counts) in [
        ("2026-11-24", 21 * 60 + 59, false),
        ("2026-11-24", 22 * 60, true),
        ("2026-11-24", 0, true),
        ("2026-11-24", 5 * 60 + 59, true),
        ("2026-11-24", 6 * 60, false),
        // In summer London is an hour ahead of UTC: 22:00 there is 21:00 UTC.
        ("2026-07-14", 22 * 60, true),
        ("2026-07-14", 21 * 60 + 59, false),
    ] {
        assert_eq!(uplifted(&t, on(date, minutes)), &night[..usize::from(counts)], "{date} {minutes}");
    }
    // Clocks go forward on 29 March 2026: five hours after midnight it is six. Back on 25 October: six hours after
    // midnight it is five.
    assert_eq!(uplifted(&t, on("2026-03-29", 5 * 60)), []);
    assert_eq!(uplifted(&t, on("2026-03-29", 5 * 60 - 1)), night);
    assert_eq!(uplifted(&t, on("2026-10-25", 6 * 60)), night);
    assert_eq!(uplifted(&t, on("2026-10-25", 7 * 60)), []);
}

#[test]
fn of_several_uplifts_the_highest_counts_or_all_as_the_tariff_says() {
    let mut t = terms();
    let days = vec![Weekday::Saturday, Weekday::Sunday];
    t.uplifts.entries.push(uplift("weekend", When::Weekend { days }, 2_000));
    // Boxing Day 2026 is a Saturday; so is 28 November.
    let (boxing_night, saturday_night) = (on("2026-12-26", 23 * 60), on("2026-11-28", 23 * 60));
    assert_eq!(uplifted(&t, boxing_night), [(Rule::BankHolidayUplift, 614)]);
    assert_eq!(uplifted(&t, saturday_night), [(Rule::NightUplift, 246)], "of equal ones the first");
    t.uplifts.overlap = Overlap::Sum;
    assert_eq!(
        uplifted(&t, boxing_night),
        [(Rule::NightUplift, 246), (Rule::BankHolidayUplift, 614), (Rule::WeekendUplift, 246)]
    );
}

#[test]
fn bank_holidays_are_by_rule_and_the_tariff_adds_and_takes_away() {
    let mut t = terms();
    let holiday = |t: &Terms, date| uplifted(t, on(date, 720)) == [(Rule::BankHolidayUplift, 614)];
    for date in ["2026-12-25", "2026-12-26", "2026-12-28", "2027-03-26", "2027-03-29", "2027-08-30"] {
        assert!(holiday(&t, date), "{date}");
    }
    for date in ["2026-12-24", "2026-12-27", "2027-03-28", "2027-06-04"] {
        assert!(!holiday(&t, date), "{date}");
    }
    t.bank_holidays = BankHolidays {
        also: vec!["2027-06-04".parse().unwrap()],
        except: vec!["2027-05-31".parse().unwrap()],
    };
    assert!(holiday(&t, "2027-06-04") && !holiday(&t, "2027-05-31"));
}

#[test]
fn a_fixed_price_is_in_place_of_distance_and_time_both_ways() {
    let t = terms();
    let there = Trip { dropoff: place(HEATHROW), metres: 160_000, seconds: 7_200, ..trip() };
    let back = Trip { pickup: place(HEATHROW), dropoff: place(STATION), ..there.clone() };
    let expected = [(Rule::Base, 500), (Rule::FixedPrice, 14_500), (Rule::AirportFee, 700)];
    assert_eq!(lines(&fare(&t, &there)), expected);
    assert_eq!(lines(&fare(&t, &back)), expected);
    // A stop in town is on the way; one in Birmingham is not.
    let stop = |at| Stop { at: place(at), waiting_minutes: 0 };
    let by_town = Trip { stops: vec![stop(HARBOUR), stop(HEATHROW)], ..there.clone() };
    assert_eq!(lines(&fare(&t, &by_town))[..2], expected[..2]);
    let round_about = Trip { stops: vec![stop(HARBOUR), stop(FAR_AWAY)], ..there.clone() };
    assert!(lines(&fare(&t, &round_about)).iter().any(|(rule, _)| *rule == Rule::Distance));
    let to_and_fro = Trip { stops: vec![stop(HEATHROW), stop(HARBOUR)], ..there.clone() };
    assert!(lines(&fare(&t, &to_and_fro)).iter().any(|(rule, _)| *rule == Rule::Distance));
    let from_elsewhere = Trip { pickup: place(FAR_AWAY), ..there.clone() };
    let rules: Vec<_> = lines(&fare(&t, &from_elsewhere)).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, [Rule::Base, Rule::Distance, Rule::Time, Rule::AirportFee]);

    let mut one_way = t.clone();
    one_way.fixed_prices.iter_mut().for_each(|fixed| fixed.both_directions = false);
    assert_eq!(lines(&fare(&one_way, &there)), expected);
    assert!(!lines(&fare(&one_way, &back)).iter().any(|(rule, _)| *rule == Rule::FixedPrice));
    let mut no_minibus = t.clone();
    no_minibus.fixed_prices.iter_mut().for_each(|fixed| fixed.prices.minibus = None);
    let minibus = Trip { vehicle_type: VehicleType::Minibus, ..there.clone() };
    assert!(lines(&fare(&no_minibus, &minibus)).iter().any(|(rule, _)| *rule == Rule::Distance));

    let at_night = Trip { pickup_time: on("2026-11-24", 120), ..there };
    assert!(lines(&fare(&t, &at_night)).contains(&(Rule::NightUplift, 3_000)), "a fifth of £150");
    let mut no_uplift = t;
    no_uplift.uplifts.on_fixed_prices = false;
    assert_eq!(lines(&fare(&no_uplift, &at_night)), expected);
}

#[test]
fn stops_waiting_and_extras_are_lines_of_their_own_and_no_uplift_is_on_them() {
    let stop = |waiting_minutes| Stop { at: place((50.7192, -1.8808)), waiting_minutes };
    let asked = Trip {
        pickup_time: on("2026-11-24", 120),
        stops: vec![stop(0), stop(12), stop(5)],
        extras: vec![wanted("child_seat", 2), wanted("meet_and_greet", 1), wanted("wheelchair_access", 1)],
        ..trip()
    };
    assert_eq!(
        lines(&fare(&terms(), &asked))[3..],
        [
            (Rule::NightUplift, 246),
            (Rule::ViaStops, 900),
            (Rule::Waiting, 210),
            (Rule::Extras, 1_000),
            (Rule::Extras, 1_000),
            (Rule::Extras, 0),
        ]
    );
    let unknown = Trip { extras: vec![wanted("champagne", 1)], ..trip() };
    assert!(work_out(&terms(), &unknown).is_err());
}

#[test]
fn the_way_back_has_its_own_time_and_uplifts_and_less_its_discount() {
    let back = Trip { direction: Direction::Return, pickup_time: on("2026-11-24", 23 * 60), ..trip() };
    let fare = price(&terms(), &trip(), Some(&back)).unwrap();
    // 1228 + 246 at night, less a tenth of 1474.
    assert_eq!(fare.back.as_ref().unwrap().total().get(), 1_474 - 147);
    assert_eq!(
        lines(&fare.whole)[2..],
        [(Rule::Time, 200), (Rule::ReturnLeg, 1_474), (Rule::ReturnDiscount, -147)]
    );
    assert_eq!(fare.whole.total().get(), 1_228 + 1_327);
    assert_eq!(fare.outward.total().get(), 1_228);
}

#[test]
fn waiting_at_the_pickup_is_free_for_a_while_and_longer_at_an_airport() {
    let charge = |at_airport, seconds| {
        waiting_at_pickup(&terms(), VehicleType::Standard, at_airport, seconds).unwrap().amount.get()
    };
    assert_eq!(charge(false, 15 * 60), 0);
    assert_eq!(charge(false, 15 * 60 + 1), 30, "a minute begun");
    assert_eq!(charge(false, 25 * 60), 300);
    assert_eq!(charge(true, 45 * 60), 0);
    assert_eq!(charge(true, 46 * 60), 30);
}
