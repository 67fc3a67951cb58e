//! The stub of `AArch64`: in a model of the machine on any host, and on the machine itself.
use model::Model;
use monkey_core::stub::{cell, slot};
use scenes::{EMPTY, End, PROCESS, Runner, Scene, play};

#[path = "stubs/aarch64/model.rs"]
mod model;
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
#[path = "stubs/aarch64/native.rs"]
mod native;
#[path = "stubs/scenes.rs"]
mod scenes;
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
#[path = "stubs/toggles.rs"]
mod toggles;

/// Another scope.
const OTHERS: u64 = 0x400;
const PACIASP: [u8; 4] = 0xD503_233F_u32.to_le_bytes();

#[test]
fn every_way_through() {
    play(&mut Model::new(16, &[]));
}

#[test]
fn a_signature_is_off_for_replacements_alone() {
    play(&mut Model::new(16, &PACIASP));
}

#[test]
fn thread_words_anywhere() {
    for thread in [0, 16, 4096, 32736, 32744, 32752, 32760, 1 << 20, -16, -(1 << 40)] {
        play(&mut Model::new(thread, &[]));
    }
}

#[test]
fn a_stub_is_small_and_asks_the_system_nothing() {
    for thread in [16, -16] {
        let words = Model::new(thread, &PACIASP).words_of_code();
        assert!(words.len() * 4 <= 480, "{} bytes", 4 * words.len());
        for word in words {
            // 11010100 imm16 xxxxx           svc, hvc, smc, brk, hlt
            assert_ne!(word >> 24, 0xD4, "{word:#x}");
            // 100101 imm26                   bl
            assert_ne!(word >> 26, 0b10_0101, "{word:#x}");
            // 1101011 0001 11111 000000 Rn 00000    blr
            assert_ne!(word >> 10, 0xD63F_0000 >> 10, "{word:#x}");
        }
    }
}

#[test]
fn an_interrupted_count_is_taken_again() {
    for failing in 1..4 {
        let mut model = Model::new(16, &[]);
        let mut scene = Scene(&mut model);
        scene.clear();
        scene.patch(0, 4, 1);
        scene.enter(4);
        model.failing = failing;
        assert_eq!(model.call(), End::Replacement(1));
        assert_eq!(Scene(&mut model).calls(0), 1);
    }
}

/// Between any two instructions the slot goes to another scope, or to none: the call is counted and replaced by its own
/// replacement, or neither.
#[test]
fn a_patch_taken_away_meanwhile() {
    let scopes = [0, 1, 3].map(|number| (Scene::slot(number), 8));
    let slots = scopes.into_iter().chain([(cell::PROCESS, PROCESS)]);
    for ((slot, scope), owner) in slots.flat_map(|slot| [(slot, EMPTY), (slot, OTHERS)]) {
        let (mut replaced, mut missed) = (0, 0);
        for moment in 0..100 {
            let mut model = Model::new(16, &[]);
            let mut scene = Scene(&mut model);
            scene.clear();
            match (0..4).find(|number| Scene::slot(*number) == slot) {
                Some(number) => scene.patch(number, scope, 1),
                None => scene.patch_process(1),
            }
            let other = scene.0.place(End::Replacement(2));
            scene.enter(8);
            let word = |field| (slot + field) as usize / 8;
            let end = model.call_amid(&mut |step, data| {
                if step == moment {
                    data[word(slot::OWNER)] = owner;
                    data[word(slot::REPLACEMENT)] = other;
                }
            });
            let calls = Scene(&mut model).get(slot + slot::CALLS);
            match end {
                End::Replacement(1) => replaced += 1,
                End::Original => missed += 1,
                End::Replacement(_) => panic!("the other scope's"),
            }
            let expected = u64::from(end == End::Replacement(1));
            assert_eq!(calls, expected, "slot at {slot}, after {moment} instructions");
        }
        assert!(replaced > 5 && missed > 5, "{replaced} {missed}");
    }
}

/// Between any two instructions the patch ends and the same scope gets another one, in the same slot: the call goes to the
/// one that it is counted for.
#[test]
fn another_patch_of_the_scope_meanwhile() {
    let mut seen = [0; 2];
    for moment in 0..100 {
        let mut model = Model::new(16, &[]);
        let mut scene = Scene(&mut model);
        scene.clear();
        scene.patch(0, 8, 1);
        let second = scene.0.place(End::Replacement(2));
        scene.enter(8);
        let mut calls = 0;
        let end = model.call_amid(&mut |step, data| {
            if step == moment {
                calls = data[slot::CALLS as usize / 8];
                data[slot::CALLS as usize / 8] = 1 << 40;
                data[slot::REPLACEMENT as usize / 8] = second;
            }
        });
        let counted = Scene(&mut model).calls(0);
        let End::Replacement(number @ 1..=2) = end else { panic!("{end:?} after {moment}") };
        seen[number as usize - 1] += 1;
        let first = if counted >= 1 << 40 { calls } else { counted };
        let second = if counted >= 1 << 40 { counted & 0xFF } else { 0 };
        assert_eq!([first, second], [2 - number, number - 1], "after {moment}");
    }
    assert!(seen.iter().all(|seen| *seen > 5), "{seen:?}");
}

/// A call from further down the stack, as those of a signal handler are, goes as if there were no bypass, and leaves it.
#[test]
fn a_pending_bypass_is_kept_for_its_frame() {
    let mut model = Model::new(16, &[]);
    let mut scene = Scene(&mut model);
    scene.clear();
    scene.patch(0, 8, 1);
    scene.enter(8 | scenes::BYPASS);
    let stack = scene.0.stack();
    scene.0.words()[1..3].copy_from_slice(&[77, stack]);
    for _ in 0..3 {
        assert_eq!(model.call_below(2048), End::Replacement(1));
    }
    assert_eq!(model.call(), End::Original);
    assert_eq!(model.call(), End::Replacement(1));
    assert_eq!(Scene(&mut model).calls(0), 4);
}
