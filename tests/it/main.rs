//! Everything that is tested through the routes, and what holds the documents to the code, in one binary.

mod bad_input;
mod bookings;
mod compile_fail;
mod conformance;
mod costs;
mod crashes;
mod dispatch;
mod documents;
mod drive;
mod events;
mod journey;
mod lists;
mod logs;
mod meddling;
mod model;
mod openapi;
mod payments;
mod quotes;
mod random;
mod roles;
mod rows;
mod seed;
mod tell;
mod tokens;
