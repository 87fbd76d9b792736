use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

fn name_of(address: &str) -> Option<&'static str> {
    find(address).map(|entry| entry.name)
}

fn degrees(at: Coordinates) -> (f64, f64) {
    (at.latitude.into(), at.longitude.into())
}

#[test]
fn every_row_can_be_read() {
    for row in rows() {
        assert!(Entry::read(row).is_some(), "malformed: {row:?}");
        assert!(row.split('\t').all(|column| column == column.trim()), "stray spaces: {row:?}");
    }
    assert_eq!(entries().len(), rows().count());
    assert_eq!(TABLE.lines().filter(|line| *line == HEADER).count(), 1);
}

#[test]
fn a_malformed_row_is_noticed() {
    let good = "Poole\t\tDorset\ttown\t50.7160\t-1.9830";
    assert!(Entry::read(good).is_some());
    for bad in [
        "",
        "Poole",
        "Poole\t\tDorset\ttown\t50.7160",
        "Poole\t\tDorset\ttown\t50.7160\t-1.9830\t",
        "Poole\t\tDorset\tcity\t50.7160\t-1.9830",
        "Poole\t\tDorset\ttown\tfifty\t-1.9830",
        "Poole\t\tDorset\ttown\t91\t-1.9830",
        "Poole\t\tDorset\ttown\tNaN\t-1.9830",
        "\t\tDorset\ttown\t50.7160\t-1.9830",
        "Poole\tPort||Quay\tDorset\ttown\t50.7160\t-1.9830",
        "Poole\t\t-\ttown\t50.7160\t-1.9830",
    ] {
        assert!(Entry::read(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn there_are_enough_places_of_every_kind() {
    assert!(entries().len() >= 300, "{}", entries().len());
    let mut of_kind = HashMap::<Kind, usize>::new();
    for entry in entries() {
        *of_kind.entry(entry.kind).or_default() += 1;
    }
    for (kind, least) in [
        (Kind::Town, 100),
        (Kind::Village, 50),
        (Kind::Station, 40),
        (Kind::Port, 15),
        (Kind::Hospital, 30),
        (Kind::Airport, 20),
        (Kind::Place, 50),
    ] {
        assert!(of_kind[&kind] >= least, "{kind:?}: {}", of_kind[&kind]);
    }
}

#[test]
fn every_place_is_in_southern_england() {
    for entry in entries() {
        let (north, east) = degrees(entry.at);
        assert!((50.0..=52.6).contains(&north), "{}: {north}", entry.name);
        assert!((-5.8..=1.9).contains(&east), "{}: {east}", entry.name);
        // Home ground: what is in Dorset by name is in Dorset on the map.
        if entry.tails.iter().any(|tail| tail == "dorset") {
            assert!((50.5..=51.1).contains(&north), "{}: {north}", entry.name);
            assert!((-2.97..=-1.67).contains(&east), "{}: {east}", entry.name);
        }
    }
}

#[test]
fn what_is_in_a_town_is_near_it() {
    let towns: HashMap<_, _> = entries()
        .iter()
        .filter(|entry| entry.kind == Kind::Town && entry.name != "London")
        .map(|entry| (normal(entry.name), entry.at))
        .collect();
    for row in rows() {
        let entry = Entry::read(row).unwrap();
        let nearest = parts(row.split('\t').nth(2).unwrap())
            .filter_map(|town| towns.get(&normal(town)))
            .map(|town| entry.at.metres_to(*town))
            .min_by(f64::total_cmp);
        if let Some(metres) = nearest {
            assert!(metres < 25_000.0, "{}: {metres:.0} m from its town", entry.name);
        }
    }
}

#[test]
fn no_two_places_share_a_name() {
    let mut seen = HashMap::new();
    for entry in entries() {
        let mut own = HashSet::new();
        for name in &entry.names {
            assert!(own.insert(name), "{} has {name:?} twice", entry.name);
            if let Some(other) = seen.insert(name, entry.name) {
                panic!("{name:?} is {} and {other}", entry.name);
            }
        }
    }
}

#[test]
fn every_name_and_full_address_leads_to_its_place() {
    for entry in entries() {
        assert_eq!(name_of(&entry.address), Some(entry.name));
        for name in &entry.names {
            assert_eq!(name_of(name), Some(entry.name), "{name:?}");
            for tail in &entry.tails {
                let longer = format!("{}, {tail}, United Kingdom.", name.to_uppercase());
                assert_eq!(name_of(&longer), Some(entry.name), "{longer:?}");
            }
        }
        assert_eq!(entry.place().at, entry.at);
    }
}

#[test]
fn the_airports_of_southern_england_answer_to_their_codes() {
    for (code, name) in [
        ("BOH", "Bournemouth Airport"),
        ("SOU", "Southampton Airport"),
        ("LHR", "Heathrow Airport"),
        ("LHR T2", "Heathrow Airport Terminal 2"),
        ("LHR T3", "Heathrow Airport Terminal 3"),
        ("LHR T4", "Heathrow Airport Terminal 4"),
        ("LHR T5", "Heathrow Airport Terminal 5"),
        ("LGW", "Gatwick Airport"),
        ("LGW North", "Gatwick Airport North Terminal"),
        ("LGW South", "Gatwick Airport South Terminal"),
        ("STN", "Stansted Airport"),
        ("LTN", "Luton Airport"),
        ("LCY", "London City Airport"),
        ("SEN", "London Southend Airport"),
        ("FAB", "Farnborough Airport"),
        ("BRS", "Bristol Airport"),
        ("EXT", "Exeter Airport"),
        ("NQY", "Newquay Airport"),
        ("BHX", "Birmingham Airport"),
        ("ESH", "Brighton City Airport"),
        ("BQH", "Biggin Hill Airport"),
        ("OXF", "Oxford Airport"),
        ("LYX", "Lydd Airport"),
        ("LEQ", "Land's End Airport"),
    ] {
        let entry = find(code).unwrap_or_else(|| panic!("{code} is unknown"));
        assert_eq!((entry.name, entry.kind), (name, Kind::Airport));
    }
}

#[test]
fn people_type_a_place_in_many_ways() {
    for (name, ways) in [
        (
            "Bournemouth Railway Station",
            &[
                "Bournemouth Railway Station, Bournemouth, UK",
                "Bournemouth station",
                "  BOURNEMOUTH   train-station ",
                "bournemouth rail station, dorset",
                "Bournemouth Railway Station Bournemouth United Kingdom",
                "Bournemouth Railway Station,\nBournemouth,\nDorset,\nU.K.",
                "Bournemouth Coach Station",
            ][..],
        ),
        (
            "Heathrow Airport Terminal 5",
            &[
                "Heathrow T5",
                "heathrow terminal 5",
                "Heathrow Airport Terminal 5 (LHR), Hounslow",
                "Heathrow Airport, Terminal 5, London, UK",
                "T5 Heathrow",
                "LHR T5",
            ],
        ),
        ("Heathrow Airport", &["Heathrow", "LHR", "London Heathrow Airport (LHR)", "Heathrow, Hounslow"]),
        ("Gatwick Airport North Terminal", &["Gatwick North", "North Terminal, Gatwick Airport"]),
        ("Poole Ferry Terminal", &["Poole Ferry Terminal, Poole", "Port of Poole", "the Poole Ferry Port"]),
        ("Poole Harbour", &["Poole Harbour, Poole, UK", "poole harbour"]),
        ("Wimborne Minster", &["Wimborne", "Wimborne, Dorset", "Wimborne Minster, England"]),
        ("Southbourne, Bournemouth", &["Southbourne Bournemouth", "Southbourne, Dorset, UK"]),
        ("Gillingham, Dorset", &["Gillingham, Dorset", "Gillingham Dorset UK"]),
        ("St Ann's Hospital, Poole", &["St. Anns Hospital, Poole", "Saint Ann’s Hospital, Poole, Dorset"]),
        ("St Thomas' Hospital", &["St Thomas’s Hospital, London", "St Thomas Hospital"]),
        ("Portsmouth and Southsea Railway Station", &["Portsmouth & Southsea station"]),
        (
            "Bournemouth International Centre",
            &["BIC", "Bournemouth International Center", "Bournemouth Intl Centre"],
        ),
        ("Southampton QEII Cruise Terminal", &["QEII Terminal, Southampton", "Queen Elizabeth II Terminal"]),
        (
            "London Waterloo Railway Station",
            &["Waterloo Station", "London Waterloo", "Waterloo Station, London"],
        ),
        ("Christchurch", &["christchurch dorset", "Christchurch, Dorset, GB"]),
    ] {
        for way in ways {
            assert_eq!(name_of(way), Some(name), "{way:?}");
        }
    }
}

#[test]
fn what_is_not_known_is_not_guessed() {
    for address in [
        // A street is not its town.
        "12 Acacia Avenue, Poole",
        "Acacia Avenue, Poole, Dorset, UK",
        "123 High Street, Bournemouth",
        "Poole Road, Bournemouth",
        "Bournemouth Road, Poole",
        "Flat 2, Bournemouth",
        "Poole BH15 1AA",
        "Poole, 12",
        // Another place of the same name, or a place in another place.
        "Ferndown, Kent",
        "Dorchester, Oxfordshire",
        "Christchurch, New Zealand",
        "Poole Ferry Terminal, Bournemouth",
        "Hythe, Kent",
        "Cardiff, England",
        // Which one?
        "Gillingham",
        "Charminster",
        "Charminster, Dorset",
        "Charminster, UK",
        "Southampton Cruise Terminal",
        "Southampton Docks",
        "Terminal 5",
        "North Terminal",
        // One that is no more, and ones that never were.
        "Heathrow Terminal 1",
        "Heathrow Terminal 55",
        "Heathrow T6",
        "Gatwick West",
        // Part of a name, a name within another word, a region, nothing.
        "Bourne",
        "Bournemouthshire",
        "Poolemead",
        "Railway Station",
        "Station",
        "Airport",
        "Dorset",
        "UK",
        "The",
        "near Poole",
        "Poole or Bournemouth",
        "Bournemouth Poole",
        "",
        " , . ",
        "\0",
    ] {
        assert_eq!(name_of(address), None, "{address:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_borne(text in any::<String>()) {
        let _ = find(&text);
    }

    #[test]
    fn the_normal_form_is_normal(text in any::<String>()) {
        let once = normal(&text);
        prop_assert!(!once.contains("  ") && once == once.trim());
    }

    #[test]
    fn a_house_number_makes_any_place_unknown(number in 1..1_000u32, which in 0..entries().len()) {
        let entry = &entries()[which];
        prop_assert_eq!(find(&format!("{number} {}", entry.address)), None);
        prop_assert_eq!(find(&format!("{number} Acacia Avenue, {}", entry.address)), None);
    }
}
