//! What a test is told of a replacement that was not called as expected.
use crate::code::thread_name;
use crate::frame::Installed;
use crate::lock::Global;
use std::fmt::Write as _;

/// The complaint, if there is one.
pub fn on(global: &Global, installed: &Installed) -> Option<String> {
    let calls = global.patches.calls(&global.hooks, installed.id);
    if installed.expected.allows(calls) {
        return None;
    }
    let order = &installed.order;
    let mut text = format!(
        "the replacement of `{}` by `{}` was called {calls} times, expected: {}\n  at {}",
        order.target_name, order.replacement_name, installed.expected, order.location
    );
    if calls == 0 {
        reason(global, installed, &mut text);
    }
    Some(text)
}

fn reason(global: &Global, installed: &Installed, text: &mut String) {
    let outside = global.patches.outside_threads(&global.hooks, installed.id);
    if !outside.is_empty() {
        let names: Vec<_> = outside.iter().map(|thread| describe(*thread)).collect();
        let _ = write!(
            text,
            "\n  note: the target was called by threads outside the test's scope: {}\n  help: start these threads \
             within the test, hand them the scope (`monkey::Scope::current()`, `scope.run(|| ..)`), or write \
             `scope = process` on the test",
            names.join(", ")
        );
        return;
    }
    let _ = write!(
        text,
        "\n  note: nobody called it\n  help: if that is right, say so: `expect({} = 0..)`",
        installed.order.target_name
    );
}

fn describe(thread: i32) -> String {
    match thread_name(thread) {
        name if name.is_empty() => format!("{thread} (ended)"),
        name => format!("`{name}` ({thread})"),
    }
}
