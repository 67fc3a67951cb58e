trait Store {
    #[monkey::patchable]
    fn put(&self);
}

unsafe extern "C" {
    #[monkey::patchable]
    pub fn getpid() -> i32;
}

fn main() {}
