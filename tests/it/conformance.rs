//! Everything the code relies on of DynamoDB, asked of an engine through the adapter that asks AWS: of the embedded one always, and
//! of another one when `NOTS_DYNAMODB_ENDPOINT` says where it is (`docs/engines.md`).

mod engine;
mod grammar;
mod lists;
mod reads;
mod values;
mod writes;
