//! Charges that card holders dispute.

use super::{Books, BooksError};
use crate::{
    entity::{
        ledger::{Account, Movement},
        payment::Dispute,
    },
    ports::{DisputeFacts, DisputeStage, total_of},
};

impl Books {
    /// What the card processor says of a dispute of money that is known here; nothing happens when it is no news.
    ///
    /// # Errors
    /// When it is of another currency.
    pub fn dispute_told(&mut self, intent: &str, facts: &DisputeFacts) -> Result<(), BooksError> {
        let amount = total_of(facts.amount, &facts.currency).ok_or(BooksError::Amount)?.total;
        let known = self.data.disputes.iter().position(|dispute| dispute.dispute_id == facts.id);
        let before = known.and_then(|at| self.data.disputes.get(at)).map(|dispute| dispute.status);
        if before.is_some_and(|before| before >= facts.stage || before != DisputeStage::Open) {
            return Ok(());
        }
        let concerns = self.data.booking_id.clone();
        let about = self.about(&concerns, Movement::Dispute, Some(&facts.id));
        if before.is_none() {
            let sides = [(Account::Disputes, amount), (Account::Card, amount.negated())];
            self.post("dispute", &facts.id, about.clone(), sides)?;
        }
        let held = [(Account::Disputes, amount.negated())];
        match facts.stage {
            DisputeStage::Open => {}
            DisputeStage::Won => {
                let [held] = held;
                self.post("dispute_won", &facts.id, about, [(Account::Card, amount), held])?;
            }
            DisputeStage::Lost => {
                let [held] = held;
                self.post("dispute_lost", &facts.id, about, [(Account::Losses, amount), held])?;
            }
        }
        match known.and_then(|at| self.data.disputes.get_mut(at)) {
            Some(dispute) => dispute.status = facts.stage,
            None => self.data.disputes.push(Dispute {
                dispute_id: facts.id.clone(),
                payment_intent_id: intent.to_owned(),
                amount,
                status: facts.stage,
                opened_at: self.at,
            }),
        }
        Ok(())
    }
}
