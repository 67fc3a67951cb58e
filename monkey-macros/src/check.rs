//! Every rule. What passes can be expanded without a further question.
mod arguments;
mod cases;
mod changes;
mod foreign_crate;
pub mod lifetimes;
pub mod list;
pub mod module;
pub mod original;
mod panics;
pub mod patchable;
mod target;
pub mod test;
