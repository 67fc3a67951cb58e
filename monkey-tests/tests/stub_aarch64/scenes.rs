//! What a stub has to do, whoever runs it.
use monkey_core::stub::{OUTSIDE, cell};

pub const SHARED: u64 = 1;
pub const EMPTY: u64 = 2;
pub const BYPASS: u64 = 1 << 63;

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
    /// The thread's scope and bypass words.
    fn words(&mut self) -> &mut [u64; 2];
    fn thread(&self) -> u64;
    /// One call; nothing but the free registers may be changed by it.
    fn call(&mut self) -> End;
}

/// The runner's memory, by the names of what lies there.
pub struct Scene<'a>(pub &'a mut dyn Runner);

/// Where further slots begin in the data, in bytes.
const SLOTS: u64 = 512;

impl Scene<'_> {
    pub fn clear(&mut self) {
        self.0.data().fill(0);
        *self.0.words() = [0, 0];
        self.set(cell::OWNER, EMPTY);
        self.set(cell::GROUP, 77);
    }

    pub fn set(&mut self, field: u64, value: u64) {
        self.0.data()[field as usize / 8] = value;
    }

    pub fn get(&mut self, field: u64) -> u64 {
        self.0.data()[field as usize / 8]
    }

    /// The slot of this number; the first is in the cell.
    pub fn slot(number: u64) -> u64 {
        if number == 0 { 0 } else { SLOTS + 32 * (number - 1) }
    }

    /// Gives the slot to a scope.
    pub fn patch(&mut self, number: u64, owner: u64, replacement: u64) {
        let slot = Self::slot(number);
        let to = self.0.place(End::Replacement(replacement));
        self.set(slot + cell::REPLACEMENT, to);
        self.set(slot + cell::OWNER, owner);
        self.arm();
        if number > 0 {
            self.more();
            for before in 0..number {
                let next = self.0.data_at() + Self::slot(before + 1);
                self.set(Self::slot(before) + cell::NEXT, next);
                if before > 0 && self.get(Self::slot(before)) == 0 {
                    self.set(Self::slot(before), EMPTY);
                }
            }
        }
    }

    pub fn patch_process(&mut self, replacement: u64) {
        let to = self.0.place(End::Replacement(replacement));
        self.set(cell::PROCESS_REPLACEMENT, to);
        self.more();
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
        self.get(Self::slot(number) + cell::CALLS)
    }

    fn enter(&mut self, scope: u64) {
        self.0.words()[0] = scope;
    }

    fn bypass(&mut self, group: u64) {
        let words = self.0.words();
        *words = [words[0] | BYPASS, group];
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
    let cases = [unpatched, own, others, further, process, bypass_all, bypass_once, bypass_others];
    for case in cases {
        let mut scene = Scene(runner);
        scene.clear();
        case(&mut scene);
    }
}

fn unpatched(scene: &mut Scene) {
    for scope in [0, 4, 4 | SHARED] {
        scene.enter(scope);
        assert_eq!(scene.quietly(), End::Original);
    }
}

fn own(scene: &mut Scene) {
    for scope in [4, 1 << 61, 8 | SHARED] {
        scene.clear();
        scene.patch(0, scope, 1);
        scene.enter(scope);
        for calls in 1..4 {
            assert_eq!(scene.0.call(), End::Replacement(1));
            assert_eq!((scene.calls(0), scene.outside()), (calls, 0));
        }
        // Taken away: as if it had never been.
        scene.set(cell::OWNER, EMPTY);
        scene.set(cell::LOOK, 0);
        assert_eq!(scene.quietly(), End::Original);
    }
}

fn others(scene: &mut Scene) {
    scene.patch(0, 8, 1);
    for (scope, calls) in [0, 4, 8 | SHARED, 0, 0, 0, 0, 0].into_iter().zip(1..) {
        scene.enter(scope);
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!((scene.outside(), scene.calls(0)), (calls, 0));
        assert_eq!(scene.get(cell::OUTSIDE_THREADS + 8 * (calls - 1)), scene.0.thread());
    }
    assert_eq!((scene.outside(), scene.is_armed()), (OUTSIDE, true));
    // No room for more: calls take the short way again.
    assert_eq!(scene.0.call(), End::Original);
    assert!(!scene.is_armed());
    assert_eq!(scene.quietly(), End::Original);
}

fn further(scene: &mut Scene) {
    for shared in [0, SHARED] {
        scene.clear();
        let scope = |number: u64| (4 * (number + 1)) | shared;
        for number in 0..4 {
            scene.patch(number, scope(number), number + 1);
        }
        for number in 0..4 {
            scene.enter(scope(number));
            assert_eq!(scene.0.call(), End::Replacement(number + 1));
            assert_eq!(scene.0.call(), End::Replacement(number + 1));
            assert_eq!((scene.calls(number), scene.outside()), (2, 0));
        }
        scene.enter(scope(99));
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!(scene.outside(), 1);
        // The first slot free, and one between.
        scene.set(cell::OWNER, EMPTY);
        scene.set(Scene::slot(2), EMPTY);
        scene.enter(scope(3));
        assert_eq!(scene.0.call(), End::Replacement(4));
        assert_eq!((scene.calls(3), scene.outside()), (3, 1));
    }
}

fn process(scene: &mut Scene) {
    scene.patch_process(3);
    for (scope, calls) in [0, 4, 4 | SHARED].into_iter().zip(1..) {
        scene.enter(scope);
        assert_eq!(scene.0.call(), End::Replacement(3));
        assert_eq!((scene.get(cell::PROCESS_CALLS), scene.outside()), (calls, 0));
    }
    // A scope's own goes before it.
    scene.patch(0, 4, 1);
    scene.patch(1, 8, 2);
    for (scope, end) in [(4, 1), (8, 2), (12, 3), (0, 3)] {
        scene.enter(scope);
        assert_eq!(scene.0.call(), End::Replacement(end));
    }
    assert_eq!((scene.get(cell::PROCESS_CALLS), scene.outside()), (5, 0));
    // Without it, who is not meant is outside.
    scene.set(cell::PROCESS_REPLACEMENT, 0);
    assert_eq!(scene.0.call(), End::Original);
    assert_eq!(scene.outside(), 1);
}

fn bypass_all(scene: &mut Scene) {
    scene.patch(0, 4, 1);
    scene.patch(1, 8, 2);
    scene.patch_process(3);
    for scope in [0, 4, 8, 12, 4 | SHARED] {
        scene.enter(scope);
        scene.bypass(0);
        assert_eq!(scene.quietly(), End::Original);
    }
}

fn bypass_once(scene: &mut Scene) {
    for (number, scope) in [(0, 4), (0, 4 | SHARED), (2, 8 | SHARED), (2, 8)] {
        scene.clear();
        scene.patch(number, scope, 1);
        scene.enter(scope);
        scene.bypass(77);
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!(*scene.0.words(), [scope, 77]);
        assert_eq!((scene.calls(number), scene.outside()), (0, 0));
        assert_eq!(scene.0.call(), End::Replacement(1));
        assert_eq!(scene.calls(number), 1);
    }
}

fn bypass_others(scene: &mut Scene) {
    for (number, scope) in [(0, 4), (0, 4 | SHARED), (2, 8 | SHARED), (2, 8)] {
        scene.clear();
        scene.enter(scope);
        scene.bypass(78);
        assert_eq!(scene.quietly(), End::Original);
        scene.patch(number, scope, 1);
        assert_eq!(scene.0.call(), End::Replacement(1));
        assert_eq!((scene.calls(number), scene.outside()), (1, 0));
        // The mark is for another hook, and stays.
        assert_eq!(*scene.0.words(), [scope | BYPASS, 78]);
        scene.enter(100);
        scene.bypass(78);
        assert_eq!(scene.0.call(), End::Original);
        assert_eq!(scene.outside(), 1);
        scene.patch_process(2);
        assert_eq!(scene.0.call(), End::Replacement(2));
    }
}
