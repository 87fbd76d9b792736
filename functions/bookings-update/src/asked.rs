//! What is asked for.

use deserr::Deserr;
use nots_core::{
    QuoteId,
    entity::booking::{Changes, Edit},
    journey::MAX_LUGGAGE,
    text::{Note, Text},
};
use nots_http::{FieldError, InvalidBody, Wire, WireEdit};
use serde_json::Value;

/// What may be changed; what is left out stays.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Asked {
    #[deserr(default)]
    quote_id: Option<Wire<QuoteId>>,
    #[deserr(default)]
    passengers: Option<Wire<u8>>,
    #[deserr(default)]
    luggage: Option<Wire<u8>>,
    #[deserr(default)]
    special_requirements: WireEdit<Note>,
    #[deserr(default)]
    pickup_instructions: WireEdit<Note>,
    #[deserr(default)]
    dropoff_instructions: WireEdit<Note>,
    #[deserr(default)]
    flight_number: WireEdit<Text<10>>,
    #[deserr(default)]
    internal_notes: WireEdit<Text<2_000, true>>,
}

/// What is wrong beyond the fields' types, whatever the booking is.
pub(crate) fn faults(body: &Value, staff: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        errors.push(FieldError::at("", "must say what to change"));
    }
    for name in ["quoteId", "passengers", "luggage"] {
        if body.get(name) == Some(&Value::Null) {
            errors.push(FieldError::at(format!("/{name}"), "must not be null"));
        }
    }
    if body.get("passengers").and_then(Value::as_u64) == Some(0) {
        errors.push(FieldError::at("/passengers", "must be at least 1"));
    }
    let most = u64::from(MAX_LUGGAGE);
    if body.get("luggage").and_then(Value::as_u64).is_some_and(|pieces| pieces > most && pieces <= 255) {
        errors.push(FieldError::at("/luggage", format!("must be at most {MAX_LUGGAGE}")));
    }
    if !staff && body.get("internalNotes").is_some() {
        errors.push(FieldError::at("/internalNotes", "only staff write these"));
    }
    errors
}

impl Asked {
    /// The quote to change it by.
    pub(crate) fn quote_id(&self) -> Option<&QuoteId> {
        self.quote_id.as_ref().map(|Wire(id)| id)
    }

    /// What is to be changed without money, or in what is quoted.
    pub(crate) fn changes(&self) -> Changes {
        let WireEdit(requirements) = &self.special_requirements;
        let (WireEdit(pickup), WireEdit(dropoff)) = (&self.pickup_instructions, &self.dropoff_instructions);
        Changes {
            passengers: self.passengers.as_ref().map(|Wire(passengers)| *passengers),
            luggage: self.luggage.as_ref().map(|Wire(pieces)| *pieces),
            special_requirements: requirements.clone(),
            pickup_instructions: pickup.clone(),
            dropoff_instructions: dropoff.clone(),
            flight_number: words(&self.flight_number),
            internal_notes: words(&self.internal_notes),
        }
    }
}

fn words<T: ToString>(WireEdit(edit): &WireEdit<T>) -> Edit<String> {
    match edit {
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
        Edit::To(text) => Edit::To(text.to_string()),
    }
}
