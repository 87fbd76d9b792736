//! Receipts as PDFs, read back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use nots_core::{
    BookingId, Currency, Pence, Timestamp,
    contact::{Email, Phone},
    entity::payment::PaymentMethod,
    id::BookingReference,
    pricing::Rule,
    receipt::{
        Issuer, LineRule, PaymentShown, Receipt, ReceiptLine, RefundProgress, RefundShown, Since, Travelled,
        VatShown,
    },
};
use nots_testkit::pdf::Sheets;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_795_183_200 + seconds).unwrap()
}

fn line(rule: LineRule, description: &str, amount: i64) -> ReceiptLine {
    ReceiptLine { rule, description: description.to_owned(), amount: Pence::new(amount) }
}

/// A journey cancelled for a fee by an operator who is registered for VAT.
fn receipt() -> Receipt {
    Receipt {
        operator: Issuer {
            name: "Dorset Transfer Company".to_owned(),
            address: ["Demonstration House", "1 Example Street", "Bournemouth"].map(str::to_owned).to_vec(),
            phone: Phone::parse("+441202555010").unwrap(),
            email: Email::parse("bookings@nots.co.uk").unwrap(),
            vat_number: Some("GB 123 4567 89".to_owned()),
            licensing_authority: "BCP Council".to_owned(),
            licence_number: "PHO-0417".to_owned(),
        },
        booking_id: BookingId::parse("booking_X").unwrap(),
        booking_reference: BookingReference::parse("NOTS-7K3M9Q").unwrap(),
        customer_name: "Łukasz Жуков".to_owned(),
        journey: Travelled {
            pickup: "Bournemouth Railway Station".to_owned(),
            stops: vec!["Sandbanks".to_owned()],
            dropoff: "Poole Harbour".to_owned(),
            pickup_time: at(86_400),
            pickup_time_in_london: at(86_400).in_london(),
        },
        issued_at: at(0),
        currency: Currency::Gbp,
        lines: vec![
            line(LineRule::Fare(Rule::Base), "Base fare", 1_228),
            line(LineRule::Since(Since::Cancelled), "Fare not charged: cancelled", -1_228),
            line(LineRule::Since(Since::CancellationFee), "Cancellation fee", 600),
        ],
        subtotal: Pence::new(500),
        tax: Pence::new(100),
        vat: VatShown { registered: true, rate_basis_points: 2_000 },
        total: Pence::new(600),
        cancellation_fee: Some(Pence::new(600)),
        waiting_charge: None,
        payments: vec![PaymentShown {
            paid_at: at(-3_600),
            method: PaymentMethod::Stripe,
            amount: Pence::new(1_228),
            whole_payment: None,
        }],
        refunds: vec![RefundShown {
            owed_at: at(0),
            amount: Pence::new(628),
            reason: "Cancelled by the customer".to_owned(),
            status: RefundProgress::Owed,
        }],
        paid: Pence::new(1_228),
        refunded: Pence::ZERO,
        balance: Pence::new(1_228),
        still_due: Pence::ZERO,
        still_to_refund: Pence::new(628),
    }
}

fn read(receipt: &Receipt) -> Sheets {
    Sheets::read(&nots_receipt::pdf(receipt).unwrap())
}

#[test]
fn a_receipt_says_who_was_paid_for_what_and_how_much() {
    let sheets = read(&receipt());
    assert_eq!(sheets.pages.len(), 1);
    for words in [
        "Dorset Transfer Company",
        "Demonstration House",
        "1 Example Street",
        "+441202555010",
        "bookings@nots.co.uk",
        "VAT registration number GB 123 4567 89",
        "Private hire operator, licence PHO-0417, BCP Council",
        "NOTS-7K3M9Q",
        "Issued Fri 20 Nov 2026, 14:00",
        "For Łukasz Жуков",
        "Sat 21 Nov 2026, 14:00",
        "Bournemouth Railway Station",
        "Sandbanks",
        "Poole Harbour",
    ] {
        assert!(sheets.has(words), "{words:?} is not in {sheets:#?}");
    }
    for (words, amount) in [
        ("Base fare", "£12.28"),
        ("Fare not charged: cancelled", "-£12.28"),
        ("Cancellation fee", "£6.00"),
        ("Total without VAT", "£5.00"),
        ("VAT at 20%", "£1.00"),
        ("Total", "£6.00"),
        ("By card", "£12.28"),
        ("Cancelled by the customer (to be made)", "£6.28"),
        ("Paid", "£12.28"),
        ("Refunded", "£0.00"),
        ("Paid less refunded", "£12.28"),
        ("Still to be refunded", "£6.28"),
    ] {
        assert_eq!(sheets.beside(words), Some(amount), "{words}");
    }
    assert!(!sheets.has("Still to be paid"));
}

#[test]
fn one_who_is_not_registered_says_so_and_shows_no_vat() {
    let mut receipt = receipt();
    receipt.vat = VatShown { registered: false, rate_basis_points: 0 };
    receipt.operator.vat_number = None;
    let sheets = read(&receipt);
    assert!(sheets.has("Dorset Transfer Company is not registered for VAT: no VAT is charged."));
    assert!(!sheets.has("Total without VAT") && !sheets.has("VAT registration number"));
    assert_eq!(sheets.beside("Total"), Some("£6.00"));
}

#[test]
fn sixty_lines_go_on_over_pages_in_order() {
    let mut receipt = receipt();
    let words = |number| format!("Line {number} of many");
    receipt.lines = (1..=60).map(|n| line(LineRule::Fare(Rule::Extras), &words(n), n)).collect();
    let sheets = read(&receipt);
    assert_eq!(sheets.pages.len(), 2);
    let places: Vec<_> = (1..=60).map(|n| sheets.place(&words(n)).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(sheets.beside(&words(60)), Some("£0.60"));
    for (number, page) in (1..).zip(&sheets.pages) {
        assert!(page.iter().any(|run| run.text == format!("Page {number} of 2")));
        // Nothing stands outside the margins, or where the foot is.
        assert!(page.iter().all(|run| (40.0..800.0).contains(&run.y) && (56.0..540.0).contains(&run.x)));
        let foot = page.iter().filter(|run| run.y < 60.0).count();
        assert_eq!(foot, 2, "page {number}");
    }
}

#[test]
fn long_addresses_wrap_and_lose_nothing() {
    let mut receipt = receipt();
    let long = "Flat 12b, The Old Customs House, 144–146 Saint Mary-under-the-Castle Street, ".repeat(4);
    long.trim_end().clone_into(&mut receipt.journey.pickup);
    receipt.journey.dropoff = "x".repeat(300);
    let sheets = read(&receipt);
    assert!(sheets.flowing().contains(long.trim_end()), "{}", sheets.flowing());
    assert!(sheets.flowing().replace(' ', "").contains(&"x".repeat(300)));
}

#[test]
fn letters_that_the_font_lacks_are_still_found() {
    let mut receipt = receipt();
    let names = ["Søren", "Ελένη", "Ğülşen", "Đặng", "Олександр", "李小龍"];
    receipt.customer_name = format!("\u{202e}{}\u{7}", names.join("\t"));
    let flowing = read(&receipt).flowing();
    for name in names {
        assert!(flowing.contains(name), "{name} is not in {flowing}");
    }
    assert!(!flowing.contains(|c: char| c.is_control() || c == '\u{202e}'));
}

#[test]
fn the_same_receipt_is_the_same_bytes_and_small() {
    let once = nots_receipt::pdf(&receipt()).unwrap();
    assert_eq!(once, nots_receipt::pdf(&receipt()).unwrap());
    assert!(once.starts_with(b"%PDF-1.7") && once.trim_ascii_end().ends_with(b"%%EOF"));
    assert!(once.len() < 40_000, "{} bytes", once.len());
    let mut other = receipt();
    other.customer_name.push('ß');
    assert_ne!(once, nots_receipt::pdf(&other).unwrap());
}

#[test]
fn the_document_has_a_title_and_a_language() {
    let bytes = nots_receipt::pdf(&receipt()).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for words in
        ["/Title (Receipt NOTS-7K3M9Q)", "/Lang (en-GB)", "/DisplayDocTitle true", "(D:20261120140000Z)"]
    {
        assert!(text.contains(words), "{words}");
    }
    assert_eq!(nots_receipt::file_name(&receipt()), "receipt-NOTS-7K3M9Q.pdf");
}
