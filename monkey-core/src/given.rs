//! Whether what is given to an `async fn` goes with it: both say what their arguments and their result are, as ids of types.
use crate::error::Cause;
use std::any::TypeId;

/// What a patchable `async fn` says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// A fn pointer that takes the arguments and the [`Output`], with their lifetimes.
    pub whole: TypeId,
    /// A fn pointer that takes the result, all of whose lifetimes are `'static`.
    pub result: TypeId,
    /// Whether there were others in the result.
    pub lends: bool,
    /// Whether these were elsewhere than in one reference around all of it.
    pub lends_deeper: bool,
    /// Types in it that may borrow, for a lifetime that was chosen before the function: nobody sees which.
    pub borrows: Option<&'static str>,
    /// The same in its result.
    pub result_borrows: Option<&'static str>,
}

/// What a list says of a replacement that is given to a future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// A function or closure that takes the arguments.
    Function {
        /// As in [`Question`].
        whole: TypeId,
    },
    /// A value, whatever the arguments are.
    Value {
        /// As in [`Question`].
        result: TypeId,
        /// Whether it may be lent for a shorter time than it lives.
        shortens: bool,
    },
}

impl Given {
    /// Whether it is what a patchable function asks for.
    pub fn fits(&self, question: Option<Question>) -> Result<(), Cause> {
        let because = |because: String| Err(Cause::Asynchronous { because });
        let Some(question) = question else {
            return because("it asks when it is called, not when its future is polled".into());
        };
        let borrows = match self {
            Self::Function { .. } => question.borrows,
            Self::Value { .. } => question.result_borrows,
        };
        if let Some(borrows) = borrows {
            return because(format!(
                "it is generic, and may be lent something for a lifetime that nobody sees, in `{borrows}`"
            ));
        }
        match *self {
            Self::Function { whole } if whole == question.whole => Ok(()),
            Self::Function { .. } => because(
                "its parameters or its result borrow in a way that a closure cannot be held to: behind something else than `&`, or \
                 for a lifetime that several of them share"
                    .into(),
            ),
            Self::Value { result, shortens }
                if result == question.result && !question.lends_deeper && (shortens || !question.lends) =>
            {
                Ok(())
            }
            Self::Value { .. } => because("its result borrows, behind something else than a reference".into()),
        }
    }
}
