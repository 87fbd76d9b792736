//! What may happen to the money of a journey.

use nots_core::{
    Currency, Pence,
    entity::{
        Due, Refund,
        due::DueStatus,
        refund::{RefundCause, RefundStatus},
    },
    money::Total,
    ports::{RefundFacts, RefundStage},
    table::Stored,
    text::Text,
};

use crate::money::{Money, at, facts, owed, pence};

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// One thing that may happen to the money of a journey.
pub(crate) fn happens(money: &mut Money, dice: &mut Dice, step: usize) {
    let way = usize::try_from(dice.below(i64::try_from(money.bookings.len()).unwrap())).unwrap();
    let id = money.id(way);
    let key = format!("step{step}");
    let refundable = money.payment.data.refundable().get();
    let called_off = money.bookings[way].timeline.cancelled.is_some();
    match dice.below(13) {
        0 if !called_off => {
            let fare = money.bookings[way].pricing.amount.total;
            let fee = pence(dice.below(fare.get() + 1));
            money.with(|books| {
                books.cancel(fare, fee, &owed(&key, RefundCause::Cancelled, &id)).unwrap();
            });
            money.bookings[way].timeline.cancelled = Some(at(money.clock));
        }
        1 if !called_off => {
            let less = dice.below(refundable.min(money.bookings[way].pricing.amount.total.get()) + 1);
            money.with(|books| {
                books.amend_down(pence(less), &owed(&key, RefundCause::Amended, &id)).unwrap();
            });
            money.price(way, -less);
        }
        2 if !called_off => {
            let more = 1 + dice.below(29);
            money.with(|books| books.let_go(pence(more), &key, &id).unwrap());
            money.price(way, more);
        }
        3 if money.dues.iter().all(|due| due.concerns != id) => {
            let amount = pence(1 + dice.below(900));
            money.with(|books| books.raise_due(&id, amount).unwrap());
            money.dues.push(Due {
                booking_id: money.id(0),
                concerns: id,
                status: DueStatus::Owed,
                amount: Total { total: amount, currency: Currency::Gbp },
                description: Text::parse("12 minutes of waiting").unwrap(),
                raised_at: at(money.clock),
                settled_at: None,
            });
        }
        4 => {
            let due = money.dues.iter().position(|due| due.concerns == id && due.status == DueStatus::Owed);
            let Some(due) = due else { return };
            let (amount, how) = (money.dues[due].amount.total, dice.below(3));
            let intent = format!("pi_due{step}");
            money.with(|books| match how {
                0 => books.write_off_due(&id, amount, None).unwrap(),
                1 => books.due_paid_in_cash(&id, amount).unwrap(),
                _ => books.capture_card_for(&id, &intent, amount, Pence::ZERO).unwrap(),
            });
            money.dues[due].status = if how == 0 { DueStatus::WrittenOff } else { DueStatus::Paid };
            money.paid[way] += if how == 0 { 0 } else { amount.get() };
            money.dues[due].settled_at = Some(at(money.clock));
        }
        5 if refundable > 0 => {
            let amount = pence(1 + dice.below(refundable));
            money.with(|books| {
                books.give_back(amount, &owed(&key, RefundCause::Requested, &id)).unwrap();
            });
        }
        6 => {
            let (amount, intent) = (pence(1 + dice.below(5_000)), format!("pi_late{step}"));
            money.with(|books| {
                books.capture_card_for(&id, &intent, amount, Pence::ZERO).unwrap();
                let late = owed(&key, RefundCause::PaidTooLate, &id);
                books.give_back_of(&intent, amount, &late).unwrap();
            });
            money.paid[way] += amount.get();
        }
        11 | 12 if !called_off => {
            let (more, intent) = (30 + dice.below(900), format!("pi_more{step}"));
            money.with(|books| {
                books.capture_card_for(&id, &intent, pence(more), pence(more)).unwrap();
                books.reprice(pence(more)).unwrap();
            });
            money.price(way, more);
            money.paid[way] += more;
        }
        7 | 8 => {
            let open =
                |row: &&Stored<Refund>| matches!(row.data.status, RefundStatus::Owed | RefundStatus::Pending);
            let Some(row) = money.refunds.iter().find(open).cloned() else { return };
            let stage = [RefundStage::Pending, RefundStage::Succeeded, RefundStage::Failed]
                [usize::try_from(dice.below(3)).unwrap()];
            let told = facts(&row.data, stage);
            money.with(|books| books.refund_told(row, &told).unwrap());
        }
        9 => {
            let mut refunds = money.refunds.iter();
            let row = refunds.find(|row| row.data.status == RefundStatus::Owed).cloned();
            let Some(row) = row else { return };
            money.with(|books| books.refund_refused(row, None).unwrap());
        }
        _ => {
            let left = money.payment.data.captures[0].left().get();
            if left < 2 {
                return;
            }
            let amount = 1 + dice.below(left - 1);
            let elsewhere = RefundFacts {
                id: format!("re_{step}"),
                payment_intent: Some("pi_fare".to_owned()),
                amount,
                currency: "gbp".to_owned(),
                stage: if dice.below(2) == 0 { RefundStage::Succeeded } else { RefundStage::Failed },
                failure: None,
                refund_id: None,
                created_at: at(0),
            };
            money.with(|books| books.refund_elsewhere("pi_fare", &elsewhere).unwrap());
        }
    }
}
