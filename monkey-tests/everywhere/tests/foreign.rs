//! Functions that nobody has marked: of the standard library, of the system.
#![cfg(any(
    all(
        any(target_os = "linux", target_os = "macos"),
        any(target_arch = "x86_64", target_arch = "aarch64"),
        target_pointer_width = "64"
    ),
    all(windows, target_arch = "x86_64"),
))]
use std::time::{Duration, SystemTime};

fn epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH
}

#[monkey::test(replace(SystemTime::now = epoch))]
fn the_standard_library_is_replaced() {
    assert_eq!(SystemTime::now(), SystemTime::UNIX_EPOCH);
    assert_eq!(std::thread::spawn(SystemTime::now).join().unwrap(), SystemTime::UNIX_EPOCH);
}

#[test]
fn and_is_itself_again() {
    let guard = monkey::patch!(SystemTime::now = epoch);
    assert_eq!(SystemTime::now(), SystemTime::UNIX_EPOCH);
    drop(guard);
    assert!(SystemTime::now() > SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
}

#[cfg(unix)]
mod system {
    unsafe extern "C" {
        safe fn getppid() -> i32;
    }

    extern "C" fn seven() -> i32 {
        7
    }

    #[monkey::test(replace(getppid = seven))]
    fn a_function_of_the_system_is_replaced() {
        assert_eq!(getppid(), 7);
    }

    #[test]
    fn that_nobody_has_replaced_is_the_systems() {
        assert_ne!(getppid(), 7);
    }
}

#[cfg(windows)]
mod system {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        safe fn GetTickCount64() -> u64;
        safe fn GetCurrentProcessId() -> u32;
        safe fn Sleep(milliseconds: u32);
    }

    extern "system" fn no_sleep(_: u32) {}

    extern "system" fn seven() -> u64 {
        7
    }

    #[monkey::test(replace(GetTickCount64 = seven))]
    fn a_function_of_the_system_is_replaced() {
        assert_eq!(GetTickCount64(), 7);
    }

    #[monkey::test(replace(Sleep = no_sleep, GetCurrentProcessId = other))]
    fn one_that_only_jumps_on_is_replaced() {
        let begun = std::time::Instant::now();
        Sleep(5_000);
        assert!(begun.elapsed() < std::time::Duration::from_secs(3));
        assert_eq!(GetCurrentProcessId(), 8);
    }

    extern "system" fn other() -> u32 {
        8
    }

    #[test]
    fn that_nobody_has_replaced_is_the_systems() {
        assert_ne!(GetTickCount64(), 7);
    }
}

fn hundred(_: u32) -> u32 {
    100
}

#[test]
fn a_private_function_is_found_by_its_path() {
    let vat = monkey::function("everywhere::rates::vat").unwrap();
    // SAFETY: both take a number and give one.
    let guard = unsafe { monkey::patch_at(vat, hundred as *const ()) }.unwrap();
    assert_eq!(everywhere::taxed(5), 105);
    drop(guard);
    assert_eq!(everywhere::taxed(5), 7);
}
