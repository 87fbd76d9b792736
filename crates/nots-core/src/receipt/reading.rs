//! Reads what a receipt is made of.

use futures_util::future::try_join3;

use super::{Accounts, NoReceipt, Receipt};
use crate::{
    access,
    entity::{Booking, booking::Pairing, settings::Operator},
    ports::Table,
    table::ReadError,
};

/// Why no receipt was read.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The table could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is none.
    #[error(transparent)]
    None(#[from] NoReceipt),
}

/// The receipt of a booking that was read, as things stand: one round trip, and another for each further page of a
/// booking with very many movements of money.
///
/// # Errors
/// When the table does not answer, or there is no receipt.
pub async fn read(
    table: &dyn Table,
    booking: &Booking,
    operator: &Operator,
) -> Result<Receipt, ReceiptError> {
    let id = booking.paid_under();
    let other = match &booking.pairing {
        Pairing::Alone => None,
        Pairing::Outward { return_booking_id } => Some(return_booking_id),
        Pairing::Return { outward_booking_id } => Some(outward_booking_id),
    };
    let pricing = &booking.pricing;
    let dues = std::iter::once(&booking.booking_id).chain(other);
    let (of_refunds, of_ledger) = (access::refunds_of_booking(id), access::ledger_of_booking(id));
    let (items, refunds, ledger) = try_join3(
        table.read((
            access::payment(id, &booking.payment.payment_id),
            other.map(access::booking),
            dues.map(|way| access::due_of_booking(id, way)).collect::<Vec<_>>(),
            access::tariff((pricing.tariff_effective_from, pricing.tariff_version)),
        )),
        table.every(&of_refunds),
        table.every(&of_ledger),
    )
    .await?;
    let (payment, other, dues, tariff) = items;
    let payment = payment.ok_or(NoReceipt::NothingPaid)?.data;
    let other = other.flatten().map(|row| row.data);
    let dues: Vec<_> = dues.into_iter().flatten().map(|row| row.data).collect();
    let tariff = tariff.map(|row| row.data);
    let refunds: Vec<_> = refunds.into_iter().map(|row| row.data).collect();
    let ledger: Vec<_> = ledger.into_iter().map(|row| row.data).collect();
    let accounts = Accounts {
        booking,
        other: other.as_ref(),
        payment: &payment,
        refunds: &refunds,
        ledger: &ledger,
        dues: &dues,
    };
    Ok(Receipt::of_accounts(operator, tariff.as_ref(), accounts)?)
}
