//! Policies of the process that are in the way of changed code, for messages.
use super::api;

/// `ProcessDynamicCodePolicy`, `ProcessControlFlowGuardPolicy`: the first bit is set where it holds.
const POLICIES: [(u32, &str); 2] = [
    (2, "Arbitrary Code Guard (ProhibitDynamicCode) forbids to change code and to make new one"),
    (7, "Control Flow Guard is on"),
];

/// What to say behind an error of the system's.
pub fn in_the_way() -> String {
    let holds = |policy: u32| {
        let mut flags = 0;
        // SAFETY: writes one number of this size.
        let told = unsafe {
            api::GetProcessMitigationPolicy(api::THIS_PROCESS, policy, &raw mut flags, size_of::<u32>())
        };
        told != 0 && flags & 1 != 0
    };
    let held = POLICIES.iter().filter(|(policy, _)| holds(*policy));
    held.flat_map(|(_, name)| ["; ", *name]).collect()
}
