//! Everything that is tested through the routes, and what holds the documents to the code, in one binary.

mod bad_input;
mod bookings;
mod compile_fail;
mod costs;
mod crashes;
mod dispatch;
mod documents;
mod drive;
mod events;
mod import;
mod journey;
mod logs;
mod maps;
mod meddling;
mod openapi;
mod patterns;
mod payments;
mod quotes;
mod returns;
mod roles;
mod seed;
mod shards;
mod tariffs;
mod tell;
mod tokens;
mod users;
