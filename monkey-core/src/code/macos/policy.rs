//! Policies of the process that are in the way of changed code, for messages.

unsafe extern "C" {
    fn csops(process: libc::pid_t, operation: u32, into: *mut u32, size: usize) -> i32;
}

/// `CS_OPS_STATUS`.
const STATUS: u32 = 0;
/// What of a program's signature keeps changed pages from running (`cs_blobs.h`).
const FLAGS: [(u32, &str); 3] = [
    (0x1_0000, "the program is signed with the hardened runtime (CS_RUNTIME)"),
    (0x200, "the kernel ends the process when its code changes (CS_KILL)"),
    (0x100, "the kernel does not load changed pages (CS_HARD)"),
];

/// What to say behind an error of the kernel's.
pub fn in_the_way() -> String {
    let mut flags = 0;
    // SAFETY: takes nothing, changes nothing.
    let process = unsafe { libc::getpid() };
    // SAFETY: writes one number of this size.
    let told = unsafe { csops(process, STATUS, &raw mut flags, size_of::<u32>()) };
    let hold = FLAGS.iter().filter(|(flag, _)| told == 0 && flags & flag != 0);
    hold.flat_map(|(_, name)| ["; ", *name]).collect()
}
