//! A small operator to try things with: a tariff, settings, drivers with valid documents, vehicles of every kind.

use nots_core::{
    Actor, DocumentId, DriverId, Seconds, Timestamp, VehicleId,
    contact::{Email, Phone},
    entity::{
        ComplianceDocument, Driver, DriverValidity, Settings, Tariff, Vehicle, VehicleValidity,
        document::{DocumentStatus, DocumentType, Holder},
        driver::{Availability, FleetStatus, Performance, StarRating},
        settings::{MapTerms, Operator, PaymentTerms},
        tariff::{self, CheckedTerms, Fault},
        validity::Standing,
        vehicle::{Insurance, Mot, Registration},
    },
    journey::VehicleType,
    ports::{Cause, Table},
    table::{Transaction, WriteError},
    text::{Name, Text},
};

/// Seconds that the demonstration's documents are good for: two years.
const GOOD_FOR: Seconds = 2 * 365 * 86_400;
const AUTHORITY: &str = "BCP Council";

/// First name, last name, stars in tenths; then make, model, colour, registration and kind of the vehicle.
type Pair =
    (&'static str, &'static str, u8, &'static str, &'static str, &'static str, &'static str, VehicleType);
const FLEET: [Pair; 9] = [
    ("Jane", "Smith", 48, "Toyota", "Prius", "Silver", "HJ21ABC", VehicleType::Standard),
    ("Owen", "Clarke", 47, "Skoda", "Octavia", "Grey", "HJ22DEF", VehicleType::Standard),
    ("Priya", "Shah", 49, "Toyota", "Corolla", "White", "HJ23GHK", VehicleType::Standard),
    ("Marek", "Nowak", 46, "Kia", "Niro", "Blue", "HJ24LMN", VehicleType::Standard),
    ("Grace", "Okafor", 50, "Mercedes-Benz", "E-Class", "Black", "HJ73PRS", VehicleType::Executive),
    ("Daniel", "Hughes", 48, "BMW", "5 Series", "Black", "HJ74TUV", VehicleType::Executive),
    ("Sofia", "Rossi", 49, "Mercedes-Benz", "S-Class", "Black", "HJ25WXY", VehicleType::Executive),
    ("Thomas", "Bailey", 45, "Mercedes-Benz", "Vito", "Silver", "HJ70BCD", VehicleType::Minibus),
    ("Amina", "Yusuf", 47, "Ford", "Tourneo Custom", "White", "HJ71EFG", VehicleType::Minibus),
];

/// Puts what every platform needs and the demonstration has; what is there already is left as it is.
///
/// # Errors
/// When the table does not take it.
pub async fn plant(table: &dyn Table, now: Timestamp) -> Result<(), Cause> {
    let by = Actor::System;
    let tariff = Tariff::publish(None, 0, demo_tariff()?, Timestamp::MIN, by.clone(), now);
    put(table, tariff.transaction).await?;
    put(table, Transaction::new().create(&settings()?.publish(by, now))).await?;
    for (number, pair) in (1_u32..).zip(FLEET) {
        put(table, driver_and_vehicle(number, pair, now)?).await?;
    }
    Ok(())
}

/// What an operator who begins has: settings. Without a tariff nothing can be quoted.
///
/// # Errors
/// When the table does not take it.
pub async fn plant_settings(table: &dyn Table, now: Timestamp) -> Result<(), Cause> {
    put(table, Transaction::new().create(&settings()?.publish(Actor::System, now))).await
}

async fn put(table: &dyn Table, transaction: Transaction) -> Result<(), Cause> {
    match table.commit(transaction).await {
        Ok(()) | Err(WriteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The demonstration tariff, judged as every tariff is.
fn demo_tariff() -> Result<CheckedTerms, Cause> {
    let faults = |faults: Vec<Fault>| format!("the demonstration tariff is none: {faults:?}");
    Ok(tariff::demo_terms()?.check().map_err(faults)?)
}

fn features(kind: VehicleType) -> Vec<String> {
    let wheelchair = (kind == VehicleType::Minibus).then_some(Vehicle::WHEELCHAIR_ACCESSIBLE);
    ["air_conditioning"].into_iter().chain(wheelchair).map(str::to_owned).collect()
}

fn settings() -> Result<Settings, Cause> {
    Ok(Settings {
        operator: Operator {
            name: "Dorset Transfer Company".to_owned(),
            phone: Phone::parse("+441202555010")?,
            email: Email::parse("bookings@nots.co.uk")?,
            licensing_authority: AUTHORITY.to_owned(),
            licence_number: "PHO-0417".to_owned(),
            address: ["Demonstration House", "1 Example Street", "Bournemouth", "BH1 1AA"]
                .into_iter()
                .map(Text::parse)
                .collect::<Result<_, _>>()?,
            vat_number: None,
        },
        buffer_seconds: 600,
        payment_success_url: "https://nots.co.uk/bookings/{bookingId}?payment=done".to_owned(),
        payment_cancel_url: "https://nots.co.uk/bookings/{bookingId}?payment=cancelled".to_owned(),
        maps: MapTerms::default(),
        payments: PaymentTerms::default(),
    })
}

fn driver_and_vehicle(number: u32, pair: Pair, now: Timestamp) -> Result<Transaction, Cause> {
    let (first, last, stars, make, model, color, registration, kind) = pair;
    let by = || Actor::System;
    let until = now.plus(GOOD_FOR);
    let driver_id = DriverId::parse(&format!("driver_demo{number}"))?;
    let vehicle_id = VehicleId::parse(&format!("vehicle_demo{number}"))?;
    let driver = Driver {
        driver_id: driver_id.clone(),
        cognito_id: None,
        email: Email::parse(&format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase()))?,
        first_name: Name::parse(first)?,
        last_name: Name::parse(last)?,
        phone: Phone::parse(&format!("+4477009005{number:02}"))?,
        status: FleetStatus::Active,
        availability: Availability { available: true, current_location: None },
        performance: Performance {
            rating: StarRating::from_tenths(stars),
            total_trips: 0,
            completion_rate: 100.0,
            acceptance_rate: 100.0,
            on_time_rate: 100.0,
        },
        assigned_vehicle: Some(vehicle_id.clone()),
        licence_number: format!("PHD-{:04}", 2_100 + number),
        licensing_authority: AUTHORITY.to_owned(),
    };
    let vehicle = Vehicle {
        vehicle_id: vehicle_id.clone(),
        registration: Registration::parse(registration)?,
        make: make.to_owned(),
        model: model.to_owned(),
        year: 2_022,
        color: color.to_owned(),
        kind,
        capacity: kind.capacity(),
        status: FleetStatus::Active,
        assigned_driver: Some(driver_id.clone()),
        features: features(kind),
        insurance: Some(Insurance {
            provider: Text::parse("Wessex Fleet Insurance")?,
            policy_number: Text::parse(&format!("WFI-{:06}", 550_100 + number))?,
            expiry_date: until,
        }),
        mot: Some(Mot {
            expiry_date: until,
            certificate_number: Text::parse(&format!("MOT{:08}", 71_400 + number))?,
        }),
        plate_number: format!("PHV-{:04}", 3_300 + number),
        licensing_authority: AUTHORITY.to_owned(),
    };
    let standing = |limited_by: &str| Standing {
        status: FleetStatus::Active,
        valid_until: until,
        limited_by: limited_by.to_owned(),
    };
    let mut transaction = Transaction::new()
        .create(&driver.register(by(), now))
        .create(&vehicle.register(by(), now))
        .create(
            &DriverValidity { driver_id: driver_id.clone(), standing: standing("dbs") }.declare(by(), now),
        )
        .create(
            &VehicleValidity { vehicle_id: vehicle_id.clone(), standing: standing("mot") }.declare(by(), now),
        );
    let of_driver =
        DocumentType::OF_DRIVER.map(|kind| (Holder::Driver { driver_id: driver_id.clone() }, kind));
    let of_vehicle =
        DocumentType::OF_VEHICLE.map(|kind| (Holder::Vehicle { vehicle_id: vehicle_id.clone() }, kind));
    for (place, (holder, document_type)) in of_driver.into_iter().chain(of_vehicle).enumerate() {
        let document = ComplianceDocument {
            document_id: DocumentId::parse(&format!("doc_demo{number}n{place}"))?,
            holder,
            document_type,
            status: DocumentStatus::Valid,
            expiry_date: until,
            uploaded_at: now,
            file_url: None,
            file_key: None,
            reviewed_by: Some(by().into()),
            reviewed_at: Some(now),
            rejection_reason: None,
        };
        transaction = transaction.create(&document.file(by(), now));
    }
    Ok(transaction)
}
