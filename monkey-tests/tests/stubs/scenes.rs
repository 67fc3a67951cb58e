//! What a stub has to do, whoever runs it.
use monkey_core::stub::{BYPASS_WINDOW, CALL_BITS, OUTSIDE, RETURNS, cell, slot};

pub const EMPTY: u64 = 2;
pub const PROCESS: u64 = 3;
pub const BYPASS: u64 = 1 << 63;
/// The group of the hook.
const GROUP: u64 = 77;

/// Where a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Original,
    /// The replacement of this number.
    Replacement(u64),
}

/// Runs a stub on memory that the test sees.
pub trait Runner {
    /// The address of the place that a call ends at.
    fn place(&self, end: End) -> u64;
    /// The address of the first byte of the data: the cell, and the slots behind it.
    fn data_at(&self) -> u64;
    fn data(&mut self) -> &mut [u64];
    /// The thread's scope word, and those of its bypass.
    fn words(&mut self) -> &mut [u64; 4];
    /// The thread pointer.
    fn thread(&self) -> u64;
    /// The stack pointer of the caller that `call` is, before the call.
    fn stack(&self) -> u64;
    /// Where calls return to.
    fn return_address(&self) -> u64;
    /// One call, made so many bytes below the stack pointer; nothing but the free registers may be changed by it.
    fn call_below(&mut self, bytes: u64) -> End;
    fn call(&mut self) -> End {
        self.call_below(0)
    }
}

/// The runner's memory, by the names of what lies there.
pub struct Scene<'a>(pub &'a mut dyn Runner);

impl Scene<'_> {
    pub fn clear(&mut self) {
        self.0.data().fill(0);
        *self.0.words() = [0; 4];
        self.set(slot::OWNER, EMPTY);
        self.set(cell::PROCESS + slot::OWNER, EMPTY);
        self.set(cell::GROUP, GROUP);
    }

    pub fn set(&mut self, field: u64, value: u64) {
        self.0.data()[field as usize / 8] = value;
    }

    pub fn get(&mut self, field: u64) -> u64 {
        self.0.data()[field as usize / 8]
    }

    /// The slot of this number; the first is in the cell.
    pub fn slot(number: u64) -> u64 {
        if number == 0 { cell::FIRST } else { cell::SIZE + slot::SIZE * (number - 1) }
    }

    /// Gives the slot to a scope.
    pub fn patch(&mut self, number: u64, owner: u64, replacement: u64) {
        self.own(Self::slot(number), owner, replacement);
        if number > 0 {
            self.more();
            for before in 0..number {
                let next = self.0.data_at() + Self::slot(before + 1);
                self.set(Self::slot(before) + slot::NEXT, next);
                if before > 0 && self.get(Self::slot(before)) == 0 {
                    self.set(Self::slot(before), EMPTY);
                }
            }
        }
    }

    pub fn patch_process(&mut self, replacement: u64) {
        self.own(cell::PROCESS, PROCESS, replacement);
        self.more();
    }

    fn own(&mut self, slot: u64, owner: u64, replacement: u64) {
        let to = self.0.place(End::Replacement(replacement));
        self.set(slot + slot::REPLACEMENT, to);
        self.set(slot + slot::OWNER, owner);
        let active = self.get(cell::ACTIVE);
        self.set(cell::ACTIVE, active + 1);
        self.arm();
    }

    /// One more in the lower half of [`cell::LOOK`], [`cell::MORE`].
    fn more(&mut self) {
        let look = self.get(cell::LOOK);
        self.set(cell::LOOK, look + 1);
    }

    /// A one in the upper half, [`cell::ARMED`].
    fn arm(&mut self) {
        let look = self.get(cell::LOOK);
        self.set(cell::LOOK, look | 1 << 32);
    }

    fn is_armed(&mut self) -> bool {
        self.get(cell::LOOK) >> 32 != 0
    }

    pub fn calls(&mut self, number: u64) -> u64 {
        self.get(Self::slot(number) + slot::CALLS)
    }

    /// Each call has left its return address, and no other has.
    fn returns_are(&mut self, slot: u64, calls: u64) {
        let address = self.0.return_address();
        for number in 0..RETURNS {
            let expected = if number < calls { address } else { 0 };
            assert_eq!(self.get(slot + slot::RETURNS + 8 * number), expected, "{number} of {calls}");
        }
    }

    pub fn enter(&mut self, scope: u64) {
        self.0.words()[0] = scope;
    }

    /// What `original!` does in the frame that calls.
    fn bypass(&mut self, group: u64) {
        let stack = self.0.stack();
        let words = self.0.words();
        *words = [words[0] | BYPASS, group, stack, 0];
    }

    fn outside(&mut self) -> u64 {
        self.get(cell::OUTSIDE_CALLS)
    }

    /// A call that changes nothing, whatever its end.
    fn quietly(&mut self) -> End {
        let before = self.0.data().to_vec();
        let words = *self.0.words();
        let end = self.0.call();
        assert_eq!(self.0.data(), before);
        assert_eq!(*self.0.words(), words);
        end
    }
}

/// Every case, on a cleared scene each.
pub fn play(runner: &mut dyn Runner) {
    let cases = [
        unpatched,
        own,
        last_returns,
        others,
        further,
        process,
        bypass_all,
        bypass_once,
        bypass_below,
        bypass_elsewhere,
        bypass_others,
    ];
    for case in cases {
        let mut scene = Scene(runner);
        scene.clear();
        case(&mut scene);
    }
}

fn unpatched(scene: &mut Scene) {
    for scope in [0, 4, 5] {
        scene.enter(scope);
        assert_eq!(scene.quietly(), End::Original);
        // Whatever else the cell says.
        scene.arm();
        scene.set(slot::OWNER, scope);
        assert_eq!(scene.quietly(), End::Original);
    }
}

fn own(scene: &mut Scene) {
    for scope in [4, 1 << 61, 9] {
        scene.clear();
        scene.patch(0, scope, 1);
        scene.set(slot::CALLS, 6 << CALL_BITS);
        scene.enter(scope);
        for calls in 1..4 {
            assert_eq!(scene.0.call(), End::Replacement(1));
            assert_eq!((scene.calls(0), scene.outside()), (6 << CALL_BITS | calls, 0));
            scene.returns_are(cell::FIRST, calls);
        }
        // Taken away: as if it had never been.
        scene.set(slot::OWNER, EMPTY);
        scene.set(cell::LOOK, 0);
        assert_eq!(scene.quietly(), End::Original);
        scene.set(cell::ACTIVE, 0);
        assert_eq!(scene.quietly(), End::Original);
    }
}

/// The oldest give way.
fn last_returns(scene: &mut Scene) {
    scene.patch(0, 4, 1);
    scene.enter(4);
    for call in 0..RETURNS + 3 {
        scene.set(slot::RETURNS + 8 * (call % RETURNS), 1);
        assert_eq!(scene.0.call(), End::Replacement(1));
        scene.returns_are(cell::FIRST, call + 1);
    }
    let replacement = scene.0.place(End::Replacement(1));
    let head = [slot::OWNER, slot::REPLACEMENT, slot::CALLS, slot::NEXT].map(|field| scene.get(field));
    assert_eq!(head, [4, replacement, RETURNS + 3, 0]);
    assert_eq!(scene.get(cell::ACTIVE), 1);
}

fn others(scene: &mut Scene) {
    scene.patch(0, 8, 1);
    let thread = scene.0.thread();
    for (scope, calls) in [0, 4, 9, BYPASS | 0xC, 0, 0, 4, 0].into_iter().zip(1..) {
        scene.enter(scope);
        scene.0.words()[1] = GROUP + 1;
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!((scene.outside(), scene.calls(0)), (calls, 0));
        let record = cell::OUTSIDE_RECORDS + 16 * (calls - 1);
        assert_eq!((scene.get(record), scene.get(record + 8)), (scope & !BYPASS, thread));
    }
    assert_eq!((scene.outside(), scene.is_armed()), (OUTSIDE, true));
    // No room for more: calls take the short way again.
    assert_eq!(scene.0.call(), End::Original);
    assert!(!scene.is_armed());
    assert_eq!(scene.get(cell::PROCESS + slot::OWNER), EMPTY);
    assert_eq!(scene.quietly(), End::Original);
}

/// Scope words are compared whole.
fn further(scene: &mut Scene) {
    let scope = |number: u64| 4 + number / 2 * 4 + number % 2;
    for number in 0..4 {
        scene.patch(number, scope(number), number + 1);
    }
    for number in 0..4 {
        scene.enter(scope(number));
        assert_eq!(scene.0.call(), End::Replacement(number + 1));
        assert_eq!(scene.0.call(), End::Replacement(number + 1));
        assert_eq!((scene.calls(number), scene.outside()), (2, 0));
        scene.returns_are(Scene::slot(number), 2);
    }
    scene.enter(scope(99));
    assert_eq!(scene.0.call(), End::Original);
    assert_eq!(scene.outside(), 1);
    // The first slot free, and one between.
    scene.set(slot::OWNER, EMPTY);
    scene.set(Scene::slot(2), EMPTY);
    scene.enter(scope(3));
    assert_eq!(scene.0.call(), End::Replacement(4));
    assert_eq!((scene.calls(3), scene.outside()), (3, 1));
}

fn process(scene: &mut Scene) {
    scene.patch_process(3);
    for (scope, calls) in [0, 4, 5].into_iter().zip(1..) {
        scene.enter(scope);
        assert_eq!(scene.0.call(), End::Replacement(3));
        assert_eq!((scene.get(cell::PROCESS + slot::CALLS), scene.outside()), (calls, 0));
        scene.returns_are(cell::PROCESS, calls);
    }
    // A scope's own goes before it.
    scene.patch(0, 4, 1);
    scene.patch(1, 8, 2);
    for (scope, end) in [(4, 1), (8, 2), (12, 3), (0, 3)] {
        scene.enter(scope);
        assert_eq!(scene.0.call(), End::Replacement(end));
    }
    assert_eq!((scene.get(cell::PROCESS + slot::CALLS), scene.outside()), (5, 0));
    // Without it, who is not meant is outside.
    scene.set(cell::PROCESS + slot::OWNER, EMPTY);
    assert_eq!(scene.0.call(), End::Original);
    assert_eq!(scene.outside(), 1);
}

fn bypass_all(scene: &mut Scene) {
    scene.patch(0, 4, 1);
    scene.patch(1, 8, 2);
    scene.patch_process(3);
    for scope in [0, 4, 8, 12, 5] {
        scene.enter(scope);
        scene.bypass(0);
        // Wherever the stack is.
        scene.0.words()[2] = scope;
        assert_eq!(scene.quietly(), End::Original);
    }
}

fn bypass_once(scene: &mut Scene) {
    for (number, scope) in [(0, 4), (2, 8), (0, 5)] {
        scene.clear();
        scene.patch(number, scope, 1);
        scene.enter(scope);
        scene.bypass(GROUP);
        let [_, group, stack, _] = *scene.0.words();
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!(*scene.0.words(), [scope, group, stack, 0]);
        assert_eq!((scene.calls(number), scene.outside()), (0, 0));
        assert_eq!(scene.0.call(), End::Replacement(1));
        assert_eq!(scene.calls(number), 1);
    }
}

/// Arguments on the stack are between the frame and the call; another frame is further below.
fn bypass_below(scene: &mut Scene) {
    for (below, end) in [
        (0, End::Original),
        (16, End::Original),
        (BYPASS_WINDOW, End::Original),
        (BYPASS_WINDOW + 16, End::Replacement(1)),
        (1024, End::Replacement(1)),
    ] {
        scene.clear();
        scene.patch(0, 4, 1);
        scene.enter(4);
        scene.bypass(GROUP);
        let before = *scene.0.words();
        assert_eq!(scene.0.call_below(below), end, "{below}");
        let pending = if end == End::Original { 0 } else { BYPASS };
        assert_eq!(scene.0.words()[0], 4 | pending, "{below}");
        assert_eq!(scene.0.words()[1..], before[1..]);
        // A signal handler's call, say, has left it to the frame's own.
        let own = if end == End::Original { End::Replacement(1) } else { End::Original };
        assert_eq!(scene.0.call(), own, "{below}");
    }
}

/// A frame above, which has ended, or one on another stack.
fn bypass_elsewhere(scene: &mut Scene) {
    let stack = scene.0.stack();
    for other in [stack - 16, stack - 4096, stack + 4096, 0, 16, u64::MAX - 15] {
        scene.clear();
        scene.patch(2, 4, 1);
        scene.enter(4);
        scene.bypass(GROUP);
        scene.0.words()[2] = other;
        assert_eq!(scene.0.call(), End::Replacement(1), "{other:#x}");
        assert_eq!(*scene.0.words(), [4 | BYPASS, GROUP, other, 0]);
        assert_eq!(scene.calls(2), 1);
    }
}

fn bypass_others(scene: &mut Scene) {
    for (number, scope) in [(0, 4), (2, 8)] {
        scene.clear();
        scene.enter(scope);
        scene.bypass(GROUP + 1);
        let stack = scene.0.stack();
        assert_eq!(scene.quietly(), End::Original);
        scene.patch(number, scope, 1);
        assert_eq!(scene.0.call(), End::Replacement(1));
        assert_eq!((scene.calls(number), scene.outside()), (1, 0));
        // The bypass is for another hook, and stays.
        assert_eq!(*scene.0.words(), [scope | BYPASS, GROUP + 1, stack, 0]);
        scene.enter(100);
        scene.bypass(GROUP + 1);
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!((scene.outside(), scene.get(cell::OUTSIDE_RECORDS)), (1, 100));
        scene.patch_process(2);
        assert_eq!(scene.0.call(), End::Replacement(2));
    }
}
