//! Linux: the words lie in the static thread-local block, at one offset from the thread pointer for all threads of the
//! process. The initial-exec model is asked for by name: the linker turns the load into a constant in a program, and the
//! loader finds room for 32 bytes in a library.
//! Source: Ulrich Drepper, "ELF Handling For Thread-Local Storage", section 4.3.

macro_rules! words_symbol {
    () => {
        // The version is in the name because two versions of this crate may meet in one link-time optimised object.
        concat!(
            "monkey_thread_words_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

// The words themselves, for all code that `words` is inlined into, and for this program or library alone.
std::arch::global_asm!(concat!(
    ".pushsection .tbss.monkey,\"awT\",@nobits\n",
    ".balign 16\n",
    ".globl ",
    words_symbol!(),
    "\n",
    ".hidden ",
    words_symbol!(),
    "\n",
    ".type ",
    words_symbol!(),
    ",@object\n",
    ".size ",
    words_symbol!(),
    ", 32\n",
    words_symbol!(),
    ":\n",
    ".zero 32\n",
    ".popsection"
));

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod id;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "aarch64")]
use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use x86_64 as arch;

pub use arch::{load, offset, pointer, store};
pub use id::{id_of, id_offset};
