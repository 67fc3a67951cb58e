//! The stub of x86-64, run by the machine itself.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
use monkey_core::stub::x86_64::ORIGINAL;
use native::{Native, TRAMPOLINE};
use scenes::play;
use yaxpeax_arch::{Decoder, LengthedInstruction, U8Reader};
use yaxpeax_x86::amd64::{InstDecoder, Opcode};

#[path = "stubs/x86_64/native.rs"]
mod native;
#[path = "stubs/scenes.rs"]
mod scenes;
#[path = "stubs/toggles.rs"]
mod toggles;

/// Another scope.
const OTHERS: u64 = 0x400;

/// Each time with every general register and every vector register compared.
#[test]
fn every_way_through() {
    play(&mut Native::new());
}

#[test]
fn counts_are_exact_however_many_threads() {
    let mut native = Native::new();
    let caller = native.caller();
    toggles::counts_are_exact(&mut native, &|scope| caller.call(scope));
}

#[test]
fn a_stub_is_small_and_asks_the_system_nothing() {
    let native = Native::new();
    let code = native.code();
    let behind = ORIGINAL + TRAMPOLINE;
    assert!(code.len() - TRAMPOLINE <= 480, "{} bytes", code.len() - TRAMPOLINE);
    for part in [&code[..ORIGINAL], &code[behind..]] {
        let mut at = 0;
        while at < part.len() {
            let instruction = InstDecoder::default().decode(&mut U8Reader::new(&part[at..])).unwrap();
            let foreign = [Opcode::SYSCALL, Opcode::SYSENTER, Opcode::INT, Opcode::CALL, Opcode::CALLF];
            assert!(!foreign.contains(&instruction.opcode()), "{instruction} at {at}");
            at += instruction.len().to_const() as usize;
        }
        assert_eq!(at, part.len());
    }
}
