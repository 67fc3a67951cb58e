//! How the parameters of a body arrive, as far as debug information says.
use super::subprogram::Subprograms;
use super::unit::{Die, Unit};
use super::{Dwarf, root};

/// What is said of one body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::image) struct Parameters {
    /// The optimiser gave it a calling convention of its own, for callers that it all knows.
    pub own_convention: bool,
    /// Of each parameter, whether it is anywhere at all. What has no size never is, what is not used may be nowhere.
    pub present: Vec<bool>,
}

impl Dwarf {
    /// The parameters of the function that begins at `svma`.
    pub fn parameters(&self, svma: u64) -> Option<Parameters> {
        let mut functions = Subprograms::new(self.unit_of(svma)?);
        let die = functions.find(svma)?;
        let mut present = Vec::new();
        functions.unit.walk_within(die.offset, &[gimli::DW_TAG_formal_parameter], |parameter| {
            if parameter.depth == 1 {
                present.push(parameter.location.is_some());
            }
        });
        Some(Parameters { own_convention: self.has_own_convention(&functions.unit, die), present })
    }

    /// Whether the function that begins at `svma` has a calling convention of its own. Nearly no unit has such functions, which is
    /// seen from its abbreviations.
    pub fn has_own_convention_at(&self, svma: u64) -> bool {
        let has = || {
            let start = self
                .unit_start_of(svma)
                .filter(|start| root::may_have_conventions(&self.sections, *start))?;
            let mut functions = Subprograms::new(Unit::open(&self.sections, start)?);
            let die = functions.find(svma)?;
            Some(self.has_own_convention(&functions.unit, die))
        };
        has() == Some(true)
    }

    /// Whether an entry, or one that it completes, says so.
    fn has_own_convention(&self, unit: &Unit, mut die: Die) -> bool {
        let mut other: Option<Unit> = None;
        for _ in 0..4 {
            let own = other.as_ref().unwrap_or(unit);
            if die.convention == u64::from(gimli::DW_CC_nocall.0) {
                return true;
            }
            let Some(origin) = die.origin else { return false };
            if !own.holds(origin) {
                other = self.unit_around(origin.0);
            }
            let Some(next) = other.as_ref().unwrap_or(unit).die(origin) else { return false };
            die = next;
        }
        false
    }
}
