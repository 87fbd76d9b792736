//! What stands where on a receipt.

use nots_core::{
    Pence,
    entity::payment::PaymentMethod,
    receipt::{Receipt, RefundProgress},
};

use crate::{
    face::Faces,
    flow::{Cell, Flow, LEFT, Page, RIGHT, Style},
};

/// Where amounts begin.
const AMOUNTS: f32 = 459.0;
/// Where what follows a date or a label begins.
const AFTER_DATE: f32 = 176.0;
/// Where the right half of the head begins.
const HALF: f32 = 336.0;

pub(crate) fn pages(receipt: &Receipt, faces: &Faces) -> Vec<Page> {
    let mut flow = Flow::new(faces);
    head(&mut flow, receipt);
    journey(&mut flow, receipt);
    charges(&mut flow, receipt);
    movements(&mut flow, receipt);
    sums(&mut flow, receipt);
    let foot = format!("{} · Receipt {}", receipt.operator.name, receipt.booking_reference.as_str());
    // A name has up to 100 characters, which this size and width hold.
    flow.finish(&foot)
}

fn head(flow: &mut Flow<'_>, receipt: &Receipt) {
    let operator = &receipt.operator;
    let mut left = Cell::new(LEFT, HALF - 20.0).with(Style::HEADING, &operator.name);
    for line in &operator.address {
        left = left.with(Style::PLAIN, line);
    }
    left = left.with(Style::PLAIN, operator.phone.as_str()).with(Style::PLAIN, operator.email.as_str());
    if let Some(number) = &operator.vat_number {
        left = left.with(Style::PLAIN, format!("VAT registration number {number}"));
    }
    let licence = format!(
        "Private hire operator, licence {}, {}",
        operator.licence_number, operator.licensing_authority
    );
    let right = Cell::new(HALF, RIGHT)
        .flush_right()
        .with(Style::TITLE, "Receipt")
        .with(Style::STRONG, receipt.booking_reference.as_str())
        .with(Style::PLAIN, format!("Issued {}", receipt.issued_at.in_london()))
        .with(Style::PLAIN, format!("For {}", receipt.customer_name));
    flow.row([left.with(Style::SMALL, licence), right]);
    flow.rule();
}

fn journey(flow: &mut Flow<'_>, receipt: &Receipt) {
    let journey = &receipt.journey;
    heading(flow, "Journey");
    pair(flow, "Pickup time", &journey.pickup_time_in_london);
    pair(flow, "From", &journey.pickup);
    for stop in &journey.stops {
        pair(flow, "By way of", stop);
    }
    pair(flow, "To", &journey.dropoff);
    flow.space(6.0);
    flow.rule();
}

fn charges(flow: &mut Flow<'_>, receipt: &Receipt) {
    heading(flow, "Charges");
    for line in &receipt.lines {
        amount(flow, receipt, Style::PLAIN, &line.description, line.amount);
    }
    flow.keep(70.0);
    flow.rule();
    if receipt.vat.registered {
        let rate = percent(receipt.vat.rate_basis_points);
        amount(flow, receipt, Style::PLAIN, "Total without VAT", receipt.subtotal);
        amount(flow, receipt, Style::PLAIN, &format!("VAT at {rate}"), receipt.tax);
    }
    amount(flow, receipt, Style::STRONG, "Total", receipt.total);
    if !receipt.vat.registered {
        let note = format!("{} is not registered for VAT: no VAT is charged.", receipt.operator.name);
        flow.row([Cell::new(LEFT, AMOUNTS - 12.0).with(Style::SMALL, note)]);
    }
    flow.space(6.0);
}

fn movements(flow: &mut Flow<'_>, receipt: &Receipt) {
    heading(flow, "Payments");
    for paid in &receipt.payments {
        let method = match paid.method {
            PaymentMethod::Stripe => "By card",
            PaymentMethod::Cash => "In cash",
            PaymentMethod::Account => "On account, by invoice",
            PaymentMethod::Legacy => "As recorded by the system before",
        };
        let words = paid.whole_payment.map_or_else(
            || method.to_owned(),
            |whole| format!("{method}: this way's part of {}", whole.display(receipt.currency)),
        );
        dated(flow, receipt, &paid.paid_at.in_london(), &words, paid.amount);
    }
    if receipt.refunds.is_empty() {
        return;
    }
    flow.space(6.0);
    heading(flow, "Refunds");
    for refund in &receipt.refunds {
        let stage = match refund.status {
            RefundProgress::Owed => " (to be made)",
            RefundProgress::Pending => " (on its way)",
            RefundProgress::Succeeded => "",
            RefundProgress::Failed => " (did not arrive: we are looking into it)",
        };
        let words = format!("{}{stage}", refund.reason);
        dated(flow, receipt, &refund.owed_at.in_london(), &words, refund.amount);
    }
}

fn sums(flow: &mut Flow<'_>, receipt: &Receipt) {
    flow.keep(90.0);
    flow.space(4.0);
    flow.rule();
    amount(flow, receipt, Style::PLAIN, "Paid", receipt.paid);
    if !receipt.refunds.is_empty() {
        amount(flow, receipt, Style::PLAIN, "Refunded", receipt.refunded);
    }
    amount(flow, receipt, Style::STRONG, "Paid less refunded", receipt.balance);
    if receipt.still_due > Pence::ZERO {
        amount(flow, receipt, Style::STRONG, "Still to be paid", receipt.still_due);
    }
    if receipt.still_to_refund > Pence::ZERO {
        amount(flow, receipt, Style::STRONG, "Still to be refunded", receipt.still_to_refund);
    }
}

fn heading(flow: &mut Flow<'_>, words: &str) {
    // Not alone at the foot of a page.
    flow.keep(50.0);
    flow.row([Cell::new(LEFT, RIGHT).with(Style::HEADING, words)]);
    flow.space(2.0);
}

fn pair(flow: &mut Flow<'_>, label: &str, words: &str) {
    let label = Cell::new(LEFT, AFTER_DATE - 8.0).with(Style::PLAIN, label);
    flow.row([label, Cell::new(AFTER_DATE, RIGHT).with(Style::PLAIN, words)]);
}

fn amount(flow: &mut Flow<'_>, receipt: &Receipt, style: Style, words: &str, amount: Pence) {
    let words = Cell::new(LEFT, AMOUNTS - 12.0).with(style, words);
    flow.row([words, pounds(receipt, style, amount)]);
}

fn dated(flow: &mut Flow<'_>, receipt: &Receipt, date: &str, words: &str, amount: Pence) {
    let style = Style::PLAIN;
    let date = Cell::new(LEFT, AFTER_DATE - 8.0).with(style, date);
    let words = Cell::new(AFTER_DATE, AMOUNTS - 12.0).with(style, words);
    flow.row([date, words, pounds(receipt, style, amount)]);
}

fn pounds(receipt: &Receipt, style: Style, amount: Pence) -> Cell {
    Cell::new(AMOUNTS, RIGHT).flush_right().with(style, amount.display(receipt.currency))
}

/// Hundredths of a percent for people: `20%`, `17.5%`.
fn percent(basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match (part, part % 10) {
        (0, _) => format!("{whole}%"),
        (_, 0) => format!("{whole}.{}%", part / 10),
        _ => format!("{whole}.{part:02}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_percent() {
        assert_eq!([2_000, 1_750, 525, 5, 0].map(percent), ["20%", "17.5%", "5.25%", "0.05%", "0%"]);
    }
}
