//! Threads that call a stub while patches come and go in its cell, on the machine itself.
use super::OTHERS;
use super::scenes::{EMPTY, End, PROCESS, Runner, Scene};
use monkey_core::stub::{CALL_BITS, cell, slot};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

pub const SCOPE: u64 = 8;
const CALLERS: usize = 4;
const TOGGLES: u64 = 2_000;
const LONG_ENOUGH: Duration = Duration::from_secs(2);

fn field(base: u64, offset: u64) -> &'static AtomicU64 {
    // SAFETY: aligned words of a mapping that stays, shared by atomics alone while threads run.
    unsafe { &*((base + offset) as *const AtomicU64) }
}

/// Four threads of one scope call, while its patch comes and goes, or another scope's is in its place. Each call that
/// was replaced has been counted in the tenure that it was for, and no other; none went to the other's replacement.
///
/// `call`: enters the scope with this word, calls once, and says where that ended.
pub fn counts_are_exact(runner: &mut dyn Runner, call: &(dyn Fn(u64) -> u64 + Sync)) {
    let first = Scene::slot(0);
    for (slot, scope) in [(first, SCOPE), (Scene::slot(2), SCOPE), (cell::PROCESS, PROCESS)] {
        let mut scene = Scene(runner);
        scene.clear();
        scene.patch(0, 1000, 3);
        scene.patch(3, 1004, 3);
        scene.patch_process(1);
        let [mine, others] = [1, 2].map(|number| runner.place(End::Replacement(number)));
        let data = runner.data_at();
        field(data, cell::PROCESS + slot::OWNER).store(EMPTY, SeqCst);
        let going = AtomicBool::new(true);
        let (calls, replaced, counted) = thread::scope(|threads| {
            let callers: Vec<_> = (0..CALLERS).map(|_| threads.spawn(|| caller(call, &going))).collect();
            let counted = toggle(data, slot, [(scope, mine), (OTHERS, others)]);
            going.store(false, SeqCst);
            let ends = callers.into_iter().map(|caller| caller.join().unwrap());
            let (calls, replaced) = ends.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            (calls, replaced, counted)
        });
        println!("slot at {slot}: {replaced} of {calls} calls replaced");
        assert_eq!(counted, replaced);
        assert!(0 < replaced && replaced < calls);
    }
}

/// Gives the slot to its owner and to the other in turn; the calls of the first.
fn toggle(data: u64, slot: u64, [first, second]: [(u64, u64); 2]) -> u64 {
    let [owner, replacement, counter] =
        [slot::OWNER, slot::REPLACEMENT, slot::CALLS].map(|word| field(data, slot + word));
    let tenures = AtomicU64::new(0);
    let change = || {
        let next = (tenures.fetch_add(1, SeqCst) + 1) << CALL_BITS;
        counter.swap(next, SeqCst) & ((1 << CALL_BITS) - 1)
    };
    let mut calls_of_first = 0;
    let started = Instant::now();
    for _ in 0..TOGGLES {
        for (scope, to) in [first, second] {
            replacement.store(to, SeqCst);
            change();
            owner.store(scope, SeqCst);
            thread::yield_now();
            owner.store(EMPTY, SeqCst);
            let calls = change();
            assert!(scope == first.0 || calls == 0, "the other's");
            calls_of_first += calls;
        }
        if started.elapsed() > LONG_ENOUGH {
            break;
        }
    }
    calls_of_first
}

/// How many calls were made, and how many of them replaced.
fn caller(call: &dyn Fn(u64) -> u64, going: &AtomicBool) -> (u64, u64) {
    let (mut calls, mut replaced) = (0, 0);
    while going.load(SeqCst) {
        calls += 1;
        match call(SCOPE) {
            0 => {}
            1 => replaced += 1,
            other => panic!("ended at {other}"),
        }
    }
    (calls, replaced)
}
