use super::*;
use crate::code;
use crate::record::Way;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

struct Counted(Arc<AtomicUsize>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn environment(function: usize, drops: &Arc<AtomicUsize>) -> Environment {
    // SAFETY: an `Arc` of an atomic.
    unsafe { Environment::new(function, Counted(drops.clone())) }
}

#[test]
fn an_environment_goes_with_the_last_call_in_flight() {
    let drops = Arc::default();
    let published = environment(0x10, &drops).publish(thread::scope(), false);
    let call = Function::find(0x10).unwrap().enter().unwrap();
    published.close().unwrap();
    assert!(Function::find(0x10).unwrap().enter().is_none());
    assert_eq!(drops.load(SeqCst), 0);
    drop(call);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn one_that_nobody_has_published_is_dropped_as_it_is() {
    let drops = Arc::default();
    drop(environment(0x20, &drops));
    assert_eq!(drops.load(SeqCst), 1);
    assert!(Function::find(0x20).is_none());
}

#[test]
fn the_newest_of_the_own_scope_counts() {
    let drops = Arc::default();
    let function = Function::find_or_add(0x30);
    let own = thread::scope();
    let for_all = environment(0x30, &drops).publish(own + 4, true);
    for_all.slot.rise();
    let tenure = || function.newest(own).map(|(_, tenure)| tenure);
    assert_eq!(tenure(), Some(for_all.tenure));
    let older = environment(0x30, &drops).publish(own, false);
    older.slot.rise();
    let elsewhere = environment(0x30, &drops).publish(own + 8, false);
    elsewhere.slot.rise();
    assert_eq!(tenure(), Some(older.tenure));
    let newer = environment(0x30, &drops).publish(own, false);
    assert_eq!(tenure(), Some(older.tenure), "not before it is patched");
    newer.slot.rise();
    assert_eq!(tenure(), Some(newer.tenure));
    drop(newer);
    assert_eq!((tenure(), drops.load(SeqCst)), (Some(older.tenure), 1));
    let again = environment(0x30, &drops).publish(own, false);
    assert_eq!(function.slots().count(), 4, "slots are used again");
    drop((older, elsewhere, for_all, again));
    assert_eq!((tenure(), drops.load(SeqCst)), (None, 5));
}

#[test]
fn environments_come_and_go_while_others_call() {
    const ROUNDS: usize = 2000;
    let drops: Arc<AtomicUsize> = Arc::default();
    let over = AtomicUsize::new(0);
    let function = Function::find_or_add(0x40);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                while over.load(SeqCst) == 0 {
                    if let Some(call) = function.enter() {
                        // SAFETY: all of this function's environments are of this type.
                        let counted = unsafe { call.content::<Counted>() };
                        assert!(Arc::strong_count(&counted.0) > 1);
                    }
                }
            });
        }
        for round in 0..ROUNDS {
            let mut environment = environment(0x40, &drops);
            if round % 3 == 0 {
                environment.is_lent();
            }
            environment.publish(thread::scope(), true).close().unwrap();
        }
        over.store(1, SeqCst);
    });
    assert_eq!(drops.load(SeqCst), ROUNDS);
}

/// Told of a call that is noted or counted, and still finds that its environment has gone.
#[test]
fn an_environment_stays_as_long_as_anybody_is_in_a_call() {
    const ROUNDS: usize = 50_000;
    static GONE: [AtomicUsize; ROUNDS] = [const { AtomicUsize::new(0) }; ROUNDS];
    struct Goes(usize);
    impl Drop for Goes {
        fn drop(&mut self) {
            GONE[self.0].fetch_add(1, SeqCst);
        }
    }
    let function = Function::find_or_add(0x60);
    let over = AtomicUsize::new(0);
    let call = || {
        let call = function.enter()?;
        // SAFETY: all of this function's environments are of this type.
        let round = unsafe { call.content::<Goes>() }.0;
        Some((call, round))
    };
    std::thread::scope(|threads| {
        let caller = || {
            while over.load(SeqCst) == 0 {
                let Some((in_flight, round)) = call() else { continue };
                let within: Vec<_> = (0..round % 7).filter_map(|_| call()).collect();
                assert!(within.iter().all(|(_, round)| GONE[*round].load(SeqCst) == 0));
                assert_eq!(GONE[round].load(SeqCst), 0);
                // The first may end last, and on another thread.
                drop(in_flight);
                assert!(within.iter().all(|(_, round)| GONE[*round].load(SeqCst) == 0));
            }
        };
        for _ in 0..3 {
            threads.spawn(caller);
        }
        for round in 0..ROUNDS {
            // SAFETY: a number.
            let environment = unsafe { Environment::new(0x60, Goes(round)) };
            let published = environment.publish(thread::scope(), true);
            (0..round % 200).for_each(|_| std::hint::spin_loop());
            published.close().unwrap();
        }
        over.store(1, SeqCst);
    });
    assert!(GONE.iter().all(|gone| gone.load(SeqCst) == 1));
}

#[test]
fn a_call_may_end_on_another_thread_and_within_many() {
    const THREADS: usize = 20;
    let drops = Arc::default();
    let published = environment(0x70, &drops).publish(thread::scope(), true);
    let function = Function::find(0x70).unwrap();
    let nested = || (0..6).map(|_| function.enter().unwrap()).collect::<Vec<_>>();
    let calls: Vec<InFlight> = std::thread::scope(|threads| {
        let threads: Vec<_> = (0..THREADS).map(|_| threads.spawn(nested)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(calls.iter().any(InFlight::is_noted) || !code::has_barrier());
    assert!(calls.iter().any(|call| !call.is_noted()));
    published.close().unwrap();
    for call in calls {
        assert_eq!(drops.load(SeqCst), 0);
        drop(call);
    }
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_panic_in_a_drop_is_told_by_who_closes() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("not today");
        }
    }
    // SAFETY: nothing is in it.
    let published = unsafe { Environment::new(0x50, Panics) }.publish(thread::scope(), false);
    let thrown = published.close().unwrap_err();
    assert_eq!(text(&*thrown), "not today");
    // SAFETY: nothing is in it.
    let published = unsafe { Environment::new(0x50, Panics) }.publish(thread::scope(), false);
    let call = Function::find(0x50).unwrap().enter().unwrap();
    published.close().unwrap();
    drop(call);
}

#[test]
fn who_is_within_is_told_and_others_wait() {
    let alone = Alone::new(0);
    assert_eq!(alone.with(|_| alone.with(|_| ())), Ok(Err(Refused::Within)));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..500).for_each(|_| alone.with(|count| *count += 1).unwrap()));
        }
    });
    assert_eq!(alone.with(|count| *count), Ok(2000));
}

#[test]
fn environments_that_threads_make_first_at_once_are_all_found() {
    const ADDRESSES: std::ops::Range<usize> = 0x1000..0x1400;
    let begin = std::sync::Barrier::new(4);
    let found_of = |scope| {
        let mut found = 0;
        for address in ADDRESSES {
            begin.wait();
            let published = environment(address, &Arc::default()).publish(scope, false);
            begin.wait();
            let newest = Function::find(address).and_then(|function| function.newest(scope));
            found += usize::from(newest.is_some_and(|(_, tenure)| tenure == published.tenure));
        }
        found
    };
    let found: Vec<usize> = std::thread::scope(|threads| {
        let threads: Vec<_> =
            [4, 8, 12, 16].map(|scope| threads.spawn(move || found_of(scope))).into_iter().collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(found, [ADDRESSES.len(); 4]);
}

/// In source, what only watches has no replacement, and 0 as its way.
#[test]
fn a_call_that_comes_too_late_goes_on_in_a_target_that_is_only_watched() {
    let group = Group::new();
    let hook = Hook::in_source(0x1000, group.id, 0);
    group.add(hook);
    let function = Function::find_or_add(0x40);
    function.group.store(ptr::from_ref(group).cast_mut(), SeqCst);
    let before = thread::scope();
    thread::set_scope(4_000_008);
    hook.show(4_000_008, Way::to(0));
    let instead = function.instead();
    let passes = thread::takes_original(group.id, |_| true);
    hook.release(4_000_008);
    thread::set_scope(before);
    assert_eq!((instead, passes), (Some(0x1000), true));
}
