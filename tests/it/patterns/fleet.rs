//! Drivers, vehicles and their papers.

use nots_core::{
    Actor, DocumentId, DriverId, Timestamp, VehicleId, access,
    contact::{Email, Phone},
    entity::{
        ComplianceDocument, Driver, DriverLocation, Vehicle,
        document::{DocumentStatus, DocumentType, Holder, Upload},
        driver::{Availability, FleetStatus, Performance, Sighting, StarRating},
        vehicle::Registration,
    },
    geo::Coordinates,
    journey::VehicleType,
    table::Transaction,
    text::{Name, Note},
};

use super::{Rows, at, empty, table};

const NOW: i64 = 1_733_842_200;
const DAY: i64 = 86_400;

fn driver(id: &str, status: FleetStatus, available: bool, tenths: u8) -> Driver {
    Driver {
        driver_id: DriverId::parse(id).unwrap(),
        cognito_id: None,
        email: Email::parse("jane@example.com").unwrap(),
        first_name: Name::parse("Jane").unwrap(),
        last_name: Name::parse("Smith").unwrap(),
        phone: Phone::parse("+447700900456").unwrap(),
        status,
        availability: Availability { available, current_location: None },
        performance: Performance {
            rating: StarRating::from_tenths(tenths),
            total_trips: 0,
            completion_rate: 100.0,
            acceptance_rate: 100.0,
            on_time_rate: 100.0,
        },
        assigned_vehicle: None,
        licence_number: "PHD-1".to_owned(),
        licensing_authority: "BCP Council".to_owned(),
    }
}

fn ids(drivers: &[Driver]) -> Vec<&str> {
    drivers.iter().map(|driver| driver.driver_id.as_str()).collect()
}

#[tokio::test]
async fn drivers_by_status_and_on_duty_by_rating() {
    use FleetStatus::{Active, Inactive, Suspended};
    let world = empty().await;
    let table = table(&world);
    let all = [
        ("driver_e", Active, true, 39),
        ("driver_b", Active, true, 50),
        ("driver_a", Active, true, 48),
        ("driver_d", Active, false, 49),
        ("driver_c", Suspended, true, 50),
        ("driver_f", Inactive, false, 41),
        // As well rated as another: both are in the list.
        ("driver_g", Active, true, 48),
    ];
    for (id, status, available, tenths) in all {
        let new = driver(id, status, available, tenths).register(Actor::System, at(NOW));
        table.commit(Transaction::new().create(&new)).await;
    }
    let active = table.all(&access::drivers_by_status(Active)).await;
    assert_eq!(ids(&active), ["driver_a", "driver_b", "driver_d", "driver_e", "driver_g"]);
    assert_eq!(ids(&table.all(&access::drivers_by_status(Suspended)).await), ["driver_c"]);
    assert_eq!(ids(&table.all(&access::drivers_by_status(Inactive)).await), ["driver_f"]);

    let on_duty = table.all(&access::available_drivers()).await;
    let mut stars: Vec<_> = on_duty.iter().map(|driver| driver.performance.rating.to_string()).collect();
    assert_eq!(stars, ["5.0", "4.8", "4.8", "3.9"]);
    stars.dedup();
    let mut on_duty = ids(&on_duty);
    on_duty.sort_unstable();
    assert_eq!(on_duty, ["driver_a", "driver_b", "driver_e", "driver_g"]);

    let id = DriverId::parse("driver_b").unwrap();
    let found = table.0.read(access::driver(&id)).await.unwrap().expect("a driver");
    assert_eq!(found.data, driver("driver_b", Active, true, 50));
}

#[tokio::test]
async fn where_a_driver_is_is_no_part_of_the_profile() {
    let world = empty().await;
    let table = table(&world);
    let id = DriverId::parse("driver_b").unwrap();
    let seen = |latitude: f64, seconds: i64| Sighting {
        at: Coordinates { latitude: latitude.try_into().unwrap(), longitude: (-1.8808).try_into().unwrap() },
        updated_at: at(seconds),
    };
    let profile = driver("driver_b", FleetStatus::Active, true, 50).register(Actor::System, at(NOW));
    let first = DriverLocation::first(id.clone(), seen(50.7192, NOW), at(NOW));
    table.commit(Transaction::new().create(&profile).create(&first)).await;
    let row = table.0.read(access::driver_location(&id)).await.unwrap().expect("a location");
    let moved = DriverLocation::moved(row, seen(50.7201, NOW + 5), at(NOW + 6)).expect("a later one");
    table.commit(Transaction::new().rewrite(&moved)).await;

    let (location, profile) =
        table.0.read((access::driver_location(&id), access::driver(&id))).await.unwrap();
    let (location, profile) = (location.unwrap(), profile.unwrap());
    assert_eq!(location.data.seen, seen(50.7201, NOW + 5));
    assert_eq!((location.meta.version.get(), profile.meta.version.get()), (2, 1));
}

#[tokio::test]
async fn vehicles_by_status() {
    let world = empty().await;
    let table = table(&world);
    let vehicle = |id: &str, status| Vehicle {
        vehicle_id: VehicleId::parse(id).unwrap(),
        registration: Registration::parse("AB12 CDE").unwrap(),
        make: "Toyota".to_owned(),
        model: "Prius".to_owned(),
        year: 2022,
        color: "Silver".to_owned(),
        kind: VehicleType::Standard,
        capacity: 4,
        status,
        assigned_driver: None,
        features: Vec::new(),
        insurance: None,
        mot: None,
        plate_number: "PHV-1".to_owned(),
        licensing_authority: "BCP Council".to_owned(),
    };
    for (id, status) in [
        ("vehicle_b", FleetStatus::Active),
        ("vehicle_a", FleetStatus::Active),
        ("vehicle_c", FleetStatus::Inactive),
        ("vehicle_d", FleetStatus::Active),
    ] {
        let new = vehicle(id, status).register(Actor::System, at(NOW));
        table.commit(Transaction::new().create(&new)).await;
    }
    let active = table.all(&access::vehicles_by_status(FleetStatus::Active)).await;
    let active: Vec<_> = active.iter().map(|vehicle| vehicle.vehicle_id.as_str()).collect();
    assert_eq!(active, ["vehicle_a", "vehicle_b", "vehicle_d"]);
    assert!(table.all(&access::vehicles_by_status(FleetStatus::Suspended)).await.is_empty());
    let id = VehicleId::parse("vehicle_c").unwrap();
    let found = table.0.read(access::vehicle(&id)).await.unwrap().expect("a vehicle");
    assert_eq!(found.data, vehicle("vehicle_c", FleetStatus::Inactive));
}

fn document(
    id: &str,
    holder: &Holder,
    kind: DocumentType,
    status: DocumentStatus,
    expiry: i64,
) -> ComplianceDocument {
    ComplianceDocument {
        document_id: DocumentId::parse(id).unwrap(),
        holder: holder.clone(),
        document_type: kind,
        status,
        expiry_date: at(expiry),
        uploaded_at: at(NOW),
        file_url: None,
        file_key: None,
        reviewed_by: None,
        reviewed_at: None,
        rejection_reason: None,
    }
}

fn doc_ids(documents: &[ComplianceDocument]) -> Vec<&str> {
    documents.iter().map(|document| document.document_id.as_str()).collect()
}

#[tokio::test]
async fn papers_by_holder_by_status_and_by_when_they_run_out() {
    use DocumentStatus::{ExpiringSoon, PendingReview, Valid};
    let world = empty().await;
    let table = table(&world);
    let driver = Holder::Driver { driver_id: DriverId::parse("driver_b").unwrap() };
    let other = Holder::Driver { driver_id: DriverId::parse("driver_bb").unwrap() };
    let vehicle = Holder::Vehicle { vehicle_id: VehicleId::parse("vehicle_b").unwrap() };
    let papers = [
        document("doc_1", &driver, DocumentType::PhvLicense, ExpiringSoon, NOW + 20 * DAY),
        document("doc_2", &driver, DocumentType::Dbs, ExpiringSoon, NOW + 10 * DAY),
        document("doc_3", &driver, DocumentType::Insurance, Valid, NOW + 90 * DAY),
        document("doc_4", &other, DocumentType::Dbs, ExpiringSoon, NOW + 15 * DAY),
        document("doc_5", &vehicle, DocumentType::Mot, ExpiringSoon, NOW + 5 * DAY),
        document("doc_6", &vehicle, DocumentType::Insurance, PendingReview, NOW + 50 * DAY),
    ];
    for paper in papers {
        table.commit(Transaction::new().create(&paper.file(Actor::System, at(NOW)))).await;
    }
    assert_eq!(
        doc_ids(&table.all(&access::documents_of(&driver)).await),
        ["doc_2", "doc_3", "doc_1"],
        "by kind"
    );
    assert_eq!(doc_ids(&table.all(&access::documents_of(&vehicle)).await), ["doc_6", "doc_5"]);
    let one = table.0.read(access::document(&vehicle, DocumentType::Mot)).await.unwrap();
    assert_eq!(one.unwrap().data.document_id.as_str(), "doc_5");

    let soon = table.all(&access::documents_by_status(ExpiringSoon)).await;
    assert_eq!(doc_ids(&soon), ["doc_5", "doc_2", "doc_4", "doc_1"]);
    let before = |moment: i64| access::documents_expiring_before(ExpiringSoon, at(moment));
    assert_eq!(doc_ids(&table.all(&before(NOW + 15 * DAY)).await), ["doc_5", "doc_2"], "before, not at");
    assert_eq!(doc_ids(&table.all(&before(NOW + 15 * DAY + 1)).await), ["doc_5", "doc_2", "doc_4"]);
    assert!(table.all(&before(NOW)).await.is_empty());

    // Time, and a reviewer, move a paper from one list to another.
    let row = table.0.read(access::document(&driver, DocumentType::Dbs)).await.unwrap().unwrap();
    let aged = ComplianceDocument::age(row, at(NOW + 10 * DAY)).unwrap().expect("it has run out");
    let row = table.0.read(access::document(&vehicle, DocumentType::Insurance)).await.unwrap().unwrap();
    let note = Note::parse("Not legible").unwrap();
    let rejected = ComplianceDocument::reject(row, note, Actor::System, at(NOW)).unwrap();
    table.commit(Transaction::new().apply(&aged).apply(&rejected)).await;
    assert_eq!(
        doc_ids(&table.all(&access::documents_by_status(ExpiringSoon)).await),
        ["doc_5", "doc_4", "doc_1"]
    );
    assert_eq!(doc_ids(&table.all(&access::documents_by_status(DocumentStatus::Expired)).await), ["doc_2"]);
    assert_eq!(doc_ids(&table.all(&access::documents_by_status(DocumentStatus::Rejected)).await), ["doc_6"]);
    assert!(table.all(&access::documents_by_status(PendingReview)).await.is_empty());
}

async fn replace(table: &Rows<'_>, holder: &Holder, id: &str, expiry: Timestamp, now: i64) {
    let row = table.0.read(access::document(holder, DocumentType::Dbs)).await.unwrap().expect("a document");
    let upload = Upload {
        document_id: DocumentId::parse(id).unwrap(),
        expiry_date: expiry,
        file_url: None,
        file_key: None,
    };
    table.commit(ComplianceDocument::replace(row, upload, Actor::System, at(now)).unwrap()).await;
}

#[tokio::test]
async fn a_paper_that_is_replaced_keeps_its_history() {
    let world = empty().await;
    let table = table(&world);
    let holder = Holder::Driver { driver_id: DriverId::parse("driver_b").unwrap() };
    let insurance =
        document("doc_i", &holder, DocumentType::Insurance, DocumentStatus::Valid, NOW + 90 * DAY);
    let first = document("doc_1", &holder, DocumentType::Dbs, DocumentStatus::Valid, NOW + 40 * DAY);
    let (new, beside) = (first.clone().file(Actor::System, at(NOW)), insurance.file(Actor::System, at(NOW)));
    table.commit(Transaction::new().create(&new).create(&beside)).await;
    for (id, now) in [("doc_2", NOW + DAY), ("doc_3", NOW + 2 * DAY), ("doc_4", NOW + 3 * DAY)] {
        replace(&table, &holder, id, at(now + 400 * DAY), now).await;
    }
    // What begins with DOC# is what there is now, one of a kind.
    let now = table.all(&access::documents_of(&holder)).await;
    assert_eq!(doc_ids(&now), ["doc_4", "doc_i"]);
    assert_eq!(now[0].status, DocumentStatus::PendingReview, "nobody has looked at the new one");
    let past = table.all(&access::replaced_documents_of(&holder, DocumentType::Dbs)).await;
    let said: Vec<_> = past
        .iter()
        .map(|past| {
            (past.document.document_id.as_str(), past.successor.as_str(), past.replaced_at.seconds() - NOW)
        })
        .collect();
    assert_eq!(said, [("doc_3", "doc_4", 3 * DAY), ("doc_2", "doc_3", 2 * DAY), ("doc_1", "doc_2", DAY)]);
    assert_eq!(past[2].document, first, "as it was");
    assert!(table.all(&access::replaced_documents_of(&holder, DocumentType::Insurance)).await.is_empty());
    // Nobody relies on what has been replaced: no list by status has it.
    assert_eq!(doc_ids(&table.all(&access::documents_by_status(DocumentStatus::Valid)).await), ["doc_i"]);
}
