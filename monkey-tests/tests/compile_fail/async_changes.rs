//! The futures of several calls run side by side: a closure changes nothing of what it has captured.

#[monkey::patchable]
async fn fetch(_: &str) -> Result<u64, u8> {
    Err(0)
}

#[derive(Default)]
struct State {
    calls: u64,
    seen: Vec<String>,
}

async fn count(calls: &mut u64) -> u64 {
    *calls += 1;
    *calls
}

fn main() {
    let (mut calls, mut state, mut last) = (0, State::default(), 0);
    drop(monkey::patch!(fetch = async move |_: &str| {
        calls += 1;
        Ok(calls)
    }));
    drop(monkey::patch!(fetch = async move |url: &str| {
        state.seen[0] = url.to_owned();
        state.calls += 1;
        let mut own = state.calls;
        own += 1;
        Ok(own)
    }));
    monkey::during!(fetch = async move |_: &str| Ok(count(&mut last).await); {});
}
