//! The stub of `AArch64`: in a model of the machine on any host, and on the machine itself.
use model::Model;
use monkey_core::stub::cell;
use scenes::{EMPTY, End, Runner, SHARED, Scene, play};

#[path = "stub_aarch64/model.rs"]
mod model;
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
#[path = "stub_aarch64/native.rs"]
mod native;
#[path = "stub_aarch64/scenes.rs"]
mod scenes;

/// Another scope, of several threads.
const OTHERS: u64 = 0x400 | SHARED;
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
    for thread in [0, 16, 4096, 32744, 32752, 32760, 1 << 20, -16, -(1 << 40)] {
        play(&mut Model::new(thread, &[]));
    }
}

#[test]
fn an_interrupted_count_is_taken_again() {
    for failing in 1..4 {
        let mut model = Model::new(16, &[]);
        let mut scene = Scene(&mut model);
        scene.clear();
        scene.patch(0, 4, 1);
        scene.0.words()[0] = 4;
        model.failing = failing;
        assert_eq!(model.call(), End::Replacement(1));
        assert_eq!(Scene(&mut model).calls(0), 1);
    }
}

/// Between any two instructions the slot goes to another scope, or to none: the call is counted and replaced by its own
/// replacement, or neither.
#[test]
fn a_patch_taken_away_meanwhile() {
    for (number, owner) in [0, 1, 3].into_iter().flat_map(|number| [(number, EMPTY), (number, OTHERS)]) {
        let (mut replaced, mut missed) = (0, 0);
        for moment in 0..80 {
            let mut model = Model::new(16, &[]);
            let scope = 8 | SHARED;
            let mut scene = Scene(&mut model);
            scene.clear();
            scene.patch(number, scope, 1);
            let other = scene.0.place(End::Replacement(2));
            scene.0.words()[0] = scope;
            let slot = Scene::slot(number) as usize / 8;
            let end = model.call_amid(&mut |step, data| {
                if step == moment {
                    data[slot] = owner;
                    data[slot + cell::REPLACEMENT as usize / 8] = other;
                }
            });
            let calls = Scene(&mut model).calls(number);
            match end {
                End::Replacement(1) => replaced += 1,
                End::Original => missed += 1,
                End::Replacement(_) => panic!("the other scope's"),
            }
            assert_eq!(
                calls,
                u64::from(end == End::Replacement(1)),
                "slot {number}, after {moment} instructions"
            );
        }
        assert!(replaced > 5 && missed > 5, "{replaced} {missed}");
    }
}
