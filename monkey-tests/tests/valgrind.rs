//! Under valgrind, which runs translations of code, a function that ran before is replaced.
use monkey_tests::child;
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::thread;

#[inline(never)]
fn number() -> u64 {
    black_box(1)
}

fn two() -> u64 {
    2
}

fn patch_what_ran_before() {
    let ran = || (0..100).map(|_| black_box(number as fn() -> u64)()).sum::<u64>();
    assert_eq!(ran(), 100);
    for _ in 0..3 {
        let guard = monkey::patch!(number = two);
        assert_eq!(ran(), 200);
        assert_eq!(thread::spawn(move || (0..100).map(|_| number()).sum::<u64>()).join().unwrap(), 200);
        drop(guard);
        assert_eq!(ran(), 100);
    }
}

#[test]
fn a_function_that_ran_before_is_replaced_and_nothing_is_found() {
    const TEST: &str = "a_function_that_ran_before_is_replaced_and_nothing_is_found";
    if child::case().is_some() {
        return patch_what_ran_before();
    }
    for way in ["mem", "mprotect"] {
        let mut command = Command::new("valgrind");
        command.args([
            "--quiet",
            "--error-exitcode=9",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite",
        ]);
        command.arg(env::current_exe().unwrap()).args([TEST, "--exact", "--nocapture", "--test-threads=1"]);
        let Ok(output) = command.env("MONKEY_TEST_CASE", "valgrind").env("MONKEY_CODE_WRITE", way).output()
        else {
            println!("skipped: there is no valgrind");
            return;
        };
        let said = child::describe(output.status, &output);
        if cfg!(target_arch = "aarch64") && child::emulated() {
            println!("skipped: valgrind is the host's");
            return;
        }
        assert!(child::passed(&output), "{way}: {said}");
        assert!(!said.contains("=="), "{way}: {said}");
    }
}
