//! What a call costs: unpatched; through a stub in scope, out of scope, in a scope of several threads; the original.
//!
//! All in one run, so that they can be compared: `cargo bench -p monkey-tests --bench calls`. With `MONKEY_DISPATCH=source` the
//! same for calls that are dispatched in source.
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

type Function = fn(u64) -> u64;

macro_rules! functions {
    ($($name:ident = $own:literal),*) => {$(
        // A number of its own each, or the optimiser makes one function of all.
        #[inline(never)]
        fn $name(x: u64) -> u64 {
            black_box(x) + $own
        }
    )*};
}
functions!(
    unpatched = 11,
    idle = 12,
    scoped = 13,
    several = 14,
    shared = 15,
    foreign = 16,
    captured = 17,
    changed = 18,
    valued = 19,
    watched = 20
);

macro_rules! patchable {
    ($($name:ident = $own:literal),*) => {$(
        #[monkey::patchable]
        fn $name(x: u64) -> u64 {
            black_box(x) + $own
        }
    )*};
}
patchable!(asks = 31, asks_in_scope = 32, asks_elsewhere = 33);

fn other<const N: u64>(x: u64) -> u64 {
    black_box(x) * N
}

#[inline(never)]
fn replacement(x: u64) -> u64 {
    black_box(x) + 1
}

fn patch(target: Function) -> monkey::PatchGuard {
    // SAFETY: both are of this type.
    unsafe { monkey::patch_at(target as *const (), replacement as *const ()) }.unwrap()
}

/// Calls through a pointer that the compiler does not know, like every other one here.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, function: Function) {
    group.bench_function(name, |bench| bench.iter(|| black_box(function)(black_box(1))));
}

/// Replacements that capture, beside "in scope".
fn measure_captures(group: &mut BenchmarkGroup<'_, WallTime>) {
    let more = black_box(1);
    let _shared = monkey::patch!(captured = move |x| black_box(x) + more);
    measure(group, "in scope, a closure that captures", captured);
    let mut calls = 0;
    let _alone = monkey::patch!(
        changed = move |x| {
            calls += 1;
            black_box(x) + calls
        }
    );
    measure(group, "in scope, a closure that changes what it captures", changed);
    let _value = monkey::patch!(valued = returns(black_box(1)));
    measure(group, "in scope, a value", valued);
    let _watched = monkey::patch!(watch(watched));
    measure(group, "in scope, watched", watched);
}

/// Patches on another thread, in a scope of its own, for as long as the sender lives.
fn patch_elsewhere(target: Function) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let (end, ended) = mpsc::channel();
    let (begun, patched) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _guard = patch(target);
        begun.send(()).unwrap();
        let _ = ended.recv();
    });
    patched.recv().unwrap();
    (end, thread)
}

fn calls(criterion: &mut Criterion) {
    if std::env::var_os("MONKEY_DISPATCH").is_some() {
        return in_source(criterion);
    }
    let mut group = criterion.benchmark_group("call");
    measure(&mut group, "unpatched", unpatched);
    measure(&mut group, "unpatched, patchable", asks);
    drop(patch(idle));
    measure(&mut group, "hooked, not patched", idle);
    let elsewhere = [patch_elsewhere(foreign), patch_elsewhere(shared)];
    measure(&mut group, "out of scope", foreign);
    {
        let guard = patch(scoped);
        measure(&mut group, "in scope", scoped);
        measure_captures(&mut group);
        // SAFETY: the way to a function of this type.
        let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
        measure(&mut group, "original, by the trampoline", original);
        group.bench_function("original, by original!", |bench| {
            bench.iter(|| monkey::original!(scoped(black_box(1))));
        });
        let _second = patch(shared);
        measure(&mut group, "in scope, with another scope there", shared);
        let many = guards();
        measure(&mut group, "in scope, 50 others patched", scoped);
        measure(&mut group, "out of scope, 50 others patched", foreign);
        drop(many);
        let _third = patch(several);
        let _scope = monkey::Scope::current();
        measure(&mut group, "in a scope of several threads", several);
    }
    for (end, thread) in elsewhere {
        drop(end);
        thread.join().unwrap();
    }
    measure(&mut group, "unpatched, once more", unpatched);
    group.finish();
}

fn in_source(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call, dispatched in source");
    measure(&mut group, "unpatched", unpatched);
    measure(&mut group, "patchable, nothing patched so far", asks);
    let (end, ended) = mpsc::channel::<()>();
    let (begun, patched) = mpsc::channel();
    let elsewhere = thread::spawn(move || {
        let _guard = monkey::patch!(asks_elsewhere = replacement);
        begun.send(()).unwrap();
        let _ = ended.recv();
    });
    patched.recv().unwrap();
    let _guard = monkey::patch!(asks_in_scope = replacement);
    measure(&mut group, "out of scope: no target", asks);
    measure(&mut group, "out of scope: another scope's target", asks_elsewhere);
    measure(&mut group, "in scope", asks_in_scope);
    group.bench_function("original, by original!", |bench| {
        bench.iter(|| monkey::original!(asks_in_scope(black_box(1))));
    });
    drop(end);
    elsewhere.join().unwrap();
    measure(&mut group, "unpatched, once more", unpatched);
    group.finish();
}

fn guards() -> Vec<monkey::PatchGuard> {
    macro_rules! others {
        ($($n:literal)*) => { vec![$(patch(other::<$n>)),*] };
    }
    others!(
        100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124
        125 126 127 128 129 130 131 132 133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149
    )
}

criterion_group!(benches, calls);
criterion_main!(benches);
