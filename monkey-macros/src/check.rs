//! Every rule. What passes can be expanded without a further question.
pub mod list;
pub mod original;
pub mod patchable;
pub mod test;
