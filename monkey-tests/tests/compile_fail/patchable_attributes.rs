#[monkey::patchable]
#[track_caller]
fn tracked() {}

#[monkey::patchable]
#[inline(always)]
fn inlined() {}

#[monkey::patchable]
#[cfg_attr(all(), inline(always))]
fn inlined_at_times() {}

#[monkey::patchable]
#[unsafe(naked)]
extern "C" fn naked() {
    core::arch::naked_asm!("ret")
}

#[monkey::patchable]
mod inside {
    #[inline(always)]
    pub fn inlined() {}

    #[track_caller]
    pub const fn both() {}
}

fn main() {}
