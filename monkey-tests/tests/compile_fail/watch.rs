fn now() -> u64 {
    1
}
fn later() -> u64 {
    2
}
fn parse<T>() {}

#[monkey::with(watch(now, now), replace(later = now), expect(now = 1))]
fn twice() {}

#[monkey::with(watch(later), replace(later = now))]
fn replaced_too() {}

#[monkey::with(watch(now), expect(order[now, later, ..], order[now]))]
fn not_in_the_list() {}

#[monkey::with(watch(now), expect(order[]))]
fn no_call() {}

#[monkey::with(watch(now), expect(order[now(), 3]))]
fn no_paths() {}

#[monkey::with(watch(now = 2), watch = 3)]
fn no_names() {}

#[monkey::with(watch(parse))]
fn no_instance() {}

fn main() {
    let value = now();
    let _guard = monkey::patch!(watch(value));
}
