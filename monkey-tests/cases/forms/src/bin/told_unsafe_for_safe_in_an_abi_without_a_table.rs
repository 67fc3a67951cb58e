//! Would be called without `unsafe`.
#![forbid(unsafe_code)]

#[cfg(target_arch = "x86_64")]
extern "sysv64" fn first(_: *const u8) -> u8 {
    0
}

fn main() {
    #[cfg(target_arch = "x86_64")]
    let _guard = monkey::patch!(first = forms::first_byte_of_system_v);
    #[cfg(target_arch = "x86_64")]
    println!("{}", first(std::ptr::without_provenance(8)));
    #[cfg(not(target_arch = "x86_64"))]
    panic!("help: the ABI is not there");
}
