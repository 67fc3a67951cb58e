//! Callers that keep values in registers which any function may change.
//!
//! gcc at -O2 sees which registers a callee of the same translation unit changes, and keeps values in the others over the
//! call, those included that the ABI leaves to callees (`-fipa-ra`). A replacement knows nothing of that. What gives such
//! a caller away: behind a direct call close by, one of these registers is read before it is written.
use crate::error::Cause;
use crate::image;
use crate::memchr::find_byte;

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "tested on every host"))]
mod x86_64;

/// How far a caller of the same translation unit is looked for, in bytes.
const NEIGHBOURHOOD: usize = 64 << 10;

/// A caller that keeps a value in a register over its call of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// The address of the call.
    pub call: usize,
    pub register: &'static str,
}

/// Whether a replacement may take the place of a target that is called so.
pub fn check(keeper: Option<&Keeper>, replacement: usize) -> Result<(), Cause> {
    match keeper.filter(|keeper| may_change(replacement, keeper.register)) {
        None => Ok(()),
        Some(Keeper { call, register }) => {
            Err(Cause::KeptRegister { caller: image::describe(*call), register })
        }
    }
}

/// Whether a function may change a register; the stub on the way to it does not. One that calls others may.
fn may_change(function: usize, register: &str) -> bool {
    let size = image::find(function).filter(|found| found.address == function).and_then(|found| found.size);
    let code = size.and_then(|size| image::code_in_file(function, size));
    code.is_none_or(|code| !x86_64::preserves(code, register))
}

/// A caller of this kind that the target has in its object, if it is a C function.
pub fn keeper(target: usize) -> Option<Keeper> {
    // Windows leaves other registers to callees, and the libraries of the system are not compiled by gcc.
    if !image::is_foreign(target) || cfg!(any(not(target_arch = "x86_64"), windows)) {
        return None;
    }
    let (start, code) = image::code_around_in_file(target, NEIGHBOURHOOD)?;
    let returns = |call: usize| image::find(call).map(|caller| caller.address);
    calls(start, code, target).find_map(|call| {
        let behind = call + 5;
        // The last call of a function that does not return is followed by another one.
        let same = returns(call).is_some() && returns(call) == returns(behind);
        let register = x86_64::read_first(&code[behind - start..], &code[..behind - start], behind as u64)?;
        same.then_some(Keeper { call, register })
    })
}

/// Addresses of what looks like a direct call of the target.
fn calls(start: usize, code: &[u8], target: usize) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = find_byte(&code[at..], 0xE8) {
            let call = at + found;
            at = call + 1;
            // E8 cd        call rel32
            let distance = code.get(call + 1..call + 5)?;
            let distance = i32::from_le_bytes(distance.try_into().ok()?);
            let behind = start + call + 5;
            if behind.wrapping_add_signed(distance as isize) == target {
                return Some(start + call);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_calls_of_the_target_are_found() {
        let mut code = vec![0xE8, 0, 0, 0, 0, 0x90, 0xE8, 0xE8];
        code.extend((0x2000_i32 - 0x1000 - 7 - 5).to_le_bytes());
        assert_eq!(calls(0x1000, &code, 0x2000).collect::<Vec<_>>(), [0x1007]);
        assert_eq!(calls(0x1000, &code, 0x1005).collect::<Vec<_>>(), [0x1000]);
        assert_eq!(calls(0x1000, &[0xE8, 1], 0x1005).count(), 0);
    }

    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn a_replacement_that_changes_nothing_is_no_danger() {
        extern "C" fn harmless(_: u32) -> u32 {
            7
        }
        extern "C" fn calls(_: u32) -> u32 {
            std::process::id()
        }
        let harmless = harmless as *const () as usize;
        assert!(!may_change(harmless, "rcx") && !may_change(harmless, "r11"));
        assert!(may_change(calls as *const () as usize, "rcx") && may_change(8, "rcx"));
    }

    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn few_functions_of_the_c_library_are_kept_from_being_replaced() {
        let address = |name: &std::ffi::CStr| {
            // SAFETY: the name ends with a zero byte.
            let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
            assert_ne!(address, 0, "{name:?}");
            address
        };
        // What people do replace.
        for name in [
            c"clock_gettime",
            c"nanosleep",
            c"clock_nanosleep",
            c"gettimeofday",
            c"time",
            c"syscall",
            c"open64",
            c"open",
            c"read",
            c"write",
            c"close",
            c"statx",
            c"malloc",
            c"calloc",
            c"realloc",
            c"free",
            c"mmap",
            c"munmap",
            c"mprotect",
            c"getenv",
            c"setenv",
            c"connect",
            c"socket",
            c"send",
            c"recv",
            c"getaddrinfo",
            c"getrandom",
            c"getpid",
            c"pthread_create",
            c"pthread_mutex_lock",
            c"epoll_wait",
            c"poll",
            c"fork",
            c"execve",
            c"posix_spawnp",
            c"exit",
            c"abort",
            c"raise",
            c"memcpy",
            c"strlen",
            c"printf",
            c"qsort",
        ] {
            assert_eq!(keeper(address(name)), None, "{name:?}");
        }
        // All of them take a minute; with `MONKEY_MATRIX` they are tried.
        let step = if std::env::var_os("MONKEY_MATRIX").is_some() { 1 } else { 16 };
        let exported = image::exported_functions(address(c"malloc"));
        let tried: Vec<_> = exported.iter().step_by(step).copied().chain([address(c"srandom_r")]).collect();
        let kept: Vec<_> = tried
            .iter()
            .filter_map(|function| Some((image::find(*function)?.name, keeper(*function)?)))
            .collect();
        println!("{} of {}: {kept:x?}", kept.len(), tried.len());
        assert!(tried.len() > 100 && kept.len() < 10, "{kept:x?}");
    }
}
