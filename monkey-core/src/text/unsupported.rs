//! Where code cannot be changed, no target gets a hook in it.
use crate::code;
use crate::error::Cause;
use crate::group::Group;
use crate::image;
use crate::lock::{Lock, Mark};

pub static TEXT: Lock<Text> = Lock::new(Mark::Text, Text);

/// No memory for hooks.
#[derive(Debug)]
pub struct Text;

/// The process's memory, which nobody asks about.
#[derive(Debug)]
pub struct Map;

/// A body that is to be hooked.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    pub target: usize,
}

impl Body {
    pub fn read(target: usize, _whole: Option<image::Measured>) -> Self {
        Self { target }
    }
}

/// Where calls go that no patch is for, given the trampoline.
pub type Detour<'a> = &'a dyn Fn(usize) -> usize;

impl Text {
    /// Refuses.
    #[expect(clippy::unused_self, reason = "as where there is memory for hooks")]
    pub fn hook(
        &mut self,
        _map: Option<&Map>,
        _body: Body,
        _group: &'static Group,
        _through: Option<Detour<'_>>,
    ) -> Result<(), Cause> {
        Err(code::refusal())
    }
}

/// There are no hooks.
pub fn standing_group(_map: Option<&Map>, _body: Body) -> Option<&'static Group> {
    None
}

/// Refuses: nobody is about to write.
pub fn map(_bodies: &[Body]) -> Result<Option<Map>, Cause> {
    Err(code::refusal())
}
