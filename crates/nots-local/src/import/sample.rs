//! Records to try an import with: as many as asked for, each another, always the same.

use std::io::{self, Write};

use nots_core::{Timestamp, import::Record, ports::Cause};
use nots_http::FieldError;
use serde_json::{Value, json};

use super::line;

/// Customers, drivers and vehicles for so many bookings, and the bookings: pending, confirmed, completed and cancelled
/// in turn, of users and of guests.
///
/// # Errors
/// When a record is refused; a fault of ours.
pub fn sample(bookings: u32) -> impl Iterator<Item = Result<Record, Cause>> {
    let customers = bookings / 10 + 1;
    let fleet = bookings / 5_000 + 2;
    (0..customers)
        .map(customer)
        .chain((0..fleet).map(driver))
        .chain((0..fleet).map(vehicle))
        .chain((0..bookings).map(move |number| booking(number, customers, fleet)))
        .map(|line| {
            let record = line::parse(&line.to_string(), Timestamp::MAX);
            record.map_err(|errors| format!("{line}: {}", said(&errors)).into())
        })
}

fn said(errors: &[FieldError]) -> String {
    serde_json::to_string(errors).unwrap_or_default()
}

/// The same as lines of a file, each as an export writes it.
///
/// # Errors
/// When they cannot be written.
pub fn write_sample(bookings: u32, to: &mut dyn Write) -> Result<u64, Cause> {
    let mut written = 0;
    for record in sample(bookings) {
        writeln!(to, "{}", line::write(&record?).map_err(io::Error::from)?)?;
        written += 1;
    }
    Ok(written)
}

const SINCE: u32 = 1_700_000_000;

fn customer(number: u32) -> Value {
    json!({
        "kind": "customer", "createdAt": SINCE + number, "userId": format!("user_old{number}"),
        "cognitoId": number.is_multiple_of(3).then(|| format!("old-pool-{number}")),
        "email": format!("Customer.{number}@example.com"), "firstName": "Ada", "lastName": format!("Byron {number}"),
        "phone": "07700 900123",
        "preferences": {
            "notifications": { "email": true, "sms": number.is_multiple_of(2) },
            "savedAddresses": [{ "label": "Home", "address": "123 High Street, Bournemouth", "latitude": 50.7192, "longitude": -1.8808 }],
        },
    })
}

fn driver(number: u32) -> Value {
    json!({
        "kind": "driver", "createdAt": SINCE + number, "driverId": format!("driver_old{number}"),
        "email": format!("driver.{number}@example.com"), "firstName": "Jane", "lastName": "Smith", "phone": "+447700900456",
        "status": (if number % 5 == 4 { "inactive" } else { "active" }),
        "performance": { "rating": 4.8, "totalTrips": 245, "completionRate": 98.5, "acceptanceRate": 95.2, "onTimeRate": 97.1 },
        "assignedVehicle": format!("vehicle_old{number}"), "licenceNumber": format!("PHD-{number:04}"),
        "licensingAuthority": "BCP Council",
    })
}

fn vehicle(number: u32) -> Value {
    json!({
        "kind": "vehicle", "createdAt": SINCE + number, "vehicleId": format!("vehicle_old{number}"),
        "registration": format!("AB{:02} CDE", number % 100), "make": "Toyota", "model": "Prius", "year": 2022, "color": "Silver",
        "type": "standard", "capacity": 4, "assignedDriver": format!("driver_old{number}"),
        "features": ["air_conditioning", "child_seat_available"], "plateNumber": format!("PHV-{number:04}"),
        "licensingAuthority": "BCP Council",
    })
}

fn booking(number: u32, customers: u32, fleet: u32) -> Value {
    let created = SINCE + number;
    let (who, by) = (number % customers, number % fleet);
    let status = match number % 4 {
        0 => "pending",
        1 => "confirmed",
        2 => "completed",
        _ => "cancelled",
    };
    let source = match number % 3 {
        0 => "web",
        1 => "phone",
        _ => "partner",
    };
    let done = status == "completed";
    // Several at one pickup time; what is done was done a while ago.
    let pickup =
        if done { 1_710_000_000 + number / 3 % 80_000 * 600 } else { 1_900_000_000 + number / 3 * 600 };
    let stop =
        json!({ "address": "Sandbanks", "latitude": 50.6860, "longitude": -1.9480, "waitingMinutes": 5 });
    let stops: Vec<_> = number.is_multiple_of(6).then_some(stop).into_iter().collect();
    let driver = json!({
        "driverId": format!("driver_old{by}"), "firstName": "Jane", "lastName": "Smith", "phone": "+447700900456",
        "licenceNumber": format!("PHD-{by:04}"), "assignedAt": created + 60,
    });
    let vehicle = json!({
        "vehicleId": format!("vehicle_old{by}"), "registration": "AB12 CDE", "make": "Toyota", "model": "Prius", "color": "Silver",
        "plateNumber": format!("PHV-{by:04}"),
    });
    json!({
        "kind": "booking", "createdAt": created, "bookingId": format!("booking_old{number:07}"),
        "bookingReference": format!("NOTS-{}", 10_000 + number), "status": status,
        "source": source,
        "customer": {
            "userId": (!number.is_multiple_of(7)).then(|| format!("user_old{who}")), "firstName": "Ada", "lastName": format!("Byron {who}"),
            "email": format!("Customer.{who}@example.com"), "phone": "07700 900123",
        },
        "journey": {
            "pickupLocation": { "address": "Bournemouth Railway Station", "latitude": 50.7260, "longitude": -1.8782 },
            "dropoffLocation": { "address": "Poole Harbour", "latitude": 50.7122, "longitude": -2.0053 },
            "viaStops": stops,
            "pickupTime": pickup, "pickupInstructions": "Wait by main entrance",
            "distance": { "meters": 12_000 + number % 1_000 }, "duration": { "seconds": 1_200 },
        },
        "vehicleType": "standard", "passengers": number % 4 + 1, "luggage": number % 3,
        "specialRequirements": number.is_multiple_of(5).then_some("Child seat needed"),
        "pricing": { "total": 1_228 + number % 5_000 },
        "driver": done.then_some(driver), "vehicle": done.then_some(vehicle),
        "payment": (done && number % 8 == 2).then(|| json!({ "status": "completed", "stripePaymentIntentId": format!("pi_old{number}") })),
        "timeline": {
            "created": created, "confirmed": (status != "pending").then_some(created + 30),
            "assigned": done.then_some(created + 60), "completed": done.then_some(pickup + 1_300),
            "cancelled": (status == "cancelled").then_some(created + 90),
        },
        "internalNotes": "",
    })
}
