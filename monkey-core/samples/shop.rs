//! What `shop.dll` and `shop.pdb` were made of, by rustc 1.96 for x86-64 MSVC and lld, in the folder `/shop`: optimised at level 1, in
//! several units, and with nothing inlined but what always is (`-Zmir-enable-passes=-Inline`,
//! `-Cllvm-args="-inline-threshold=-100000 -inlinehint-threshold=-100000"`).
#![no_std]

/// A body of its own in each unit that calls it.
#[inline]
pub fn price(items: u32) -> u32 {
    items ^ 10
}

/// Never a body.
#[inline(always)]
pub fn twice(items: u32) -> u32 {
    let own = items;
    own | 1
}

pub mod here {
    #[unsafe(no_mangle)]
    pub extern "C" fn rate(items: u32) -> u32 {
        super::price(super::twice(items))
    }
}

pub mod there {
    pub struct Shelf<T>(pub T);

    impl<T: Copy> Shelf<T> {
        #[inline(never)]
        pub fn first(&self) -> T {
            self.0
        }
    }

    #[unsafe(no_mangle)]
    pub extern "C" fn stock(items: u32) -> u32 {
        let wide = Shelf(items as u64).first() as u32;
        super::price(Shelf(items).first()) ^ wide
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn _DllMainCRTStartup() -> u32 {
    1
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
