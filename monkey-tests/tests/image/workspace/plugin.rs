//! What an integration test would be: it sees the functions from outside.
use std::collections::HashMap;
#[repr(C)] pub struct Row { label: *const i8, name: *const u8, length: usize, address: usize, caller: usize }
fn name<T>(_: &T) -> &'static str { std::any::type_name::<T>() }
#[unsafe(no_mangle)] pub extern "C" fn subjects(count: *mut usize) -> *const Row {
    let mut rows = Vec::new();
    macro_rules! row { ($($label:literal $seen:expr, $caller:expr;)*) => { $({
        let name = name(&$seen);
        rows.push(Row { label: concat!($label, "\0").as_ptr().cast(), name: name.as_ptr(), length: name.len(),
            address: $seen as *const () as usize, caller: $caller as *const () as usize });
    })* } }
    row! {
        "Path::exists" std::path::Path::exists, lib::c_exists;
        "String::len" String::len, lib::c_len;
        "str::trim" str::trim, lib::c_trim;
        "<Chars<'_> as Iterator>::next" <std::str::Chars<'_> as Iterator>::next, lib::c_next;
        "String::from::<&str>" <String as From<&str>>::from, lib::c_from_str;
        "String::from::<Box<str>>" <String as From<Box<str>>>::from, lib::c_from_box;
        "#[inline] fn" lib::half, lib::c_half;
        "#[track_caller] fn" lib::tracked, lib::c_tracked;
        "#[inline] #[track_caller] fn" lib::inline_tracked, lib::c_inline_tracked;
        "Option::<u32>::unwrap" Option::<u32>::unwrap, lib::c_unwrap32;
        "Option::<u64>::unwrap" Option::<u64>::unwrap, lib::c_unwrap64;
        "HashMap::<String, u32>::insert" HashMap::<String, u32>::insert, lib::c_insert;
        "str::parse::<u32>" str::parse::<u32>, lib::c_parse32;
        "str::parse::<u64>" str::parse::<u64>, lib::c_parse64;
        "generic called from the library" lib::only_here::<u32>, lib::c_only_here;
        "method of a generic type" lib::S::<u32>::get, lib::c_get;
        "#[inline] fn, version 1" dup::inl, lib::c_inl1;
        "#[inline] fn, version 2" dup2::inl, lib::c_inl2;
        "fn, version 1" dup::plain, lib::c_plain1;
        "fn, version 2" dup2::plain, lib::c_plain2;
        "generic, version 1" dup::instance::<u32>, lib::c_instance1;
        "generic, version 2" dup2::instance::<u32>, lib::c_instance2;
        "merged::<u32>" lib::merged::<u32>, lib::c_merged32;
        "merged::<i32>" lib::merged::<i32>, lib::c_merged_signed;
        "twin" lib::twin, lib::c_twin;
        "#[no_mangle] fn" lib::unmangled, lib::c_unmangled;
        "SystemTime::now" std::time::SystemTime::now, lib::c_now;
    }
    unsafe { *count = rows.len() };
    rows.leak().as_ptr()
}
