//! What each says when a test fails: a call too few, a call out of order. Run with `--ignored`.
use injectorpp::interface::injector::*;
use mockall::automock;

#[automock]
trait World {
    fn send(&self, to: &str, amount: u32) -> bool;
    fn log(&self, text: &str) -> usize;
}

fn once(world: &impl World) {
    world.send("Ada", 5);
}

#[monkey::test(replace(compared::send = |_: &str, _| true), expect(compared::send = 2))]
#[ignore = "fails to show its message"]
fn count_with_monkey() {
    compared::send("Ada", 5);
}

#[test]
#[ignore = "fails to show its message"]
fn count_with_mockall() {
    let mut world = MockWorld::new();
    world.expect_send().times(2).return_const(true);
    once(&world);
}

#[test]
#[ignore = "fails to show its message"]
fn count_with_injectorpp() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (compared::send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(_to: &str, _amount: u32) -> bool, returns: true, times: 2));
    compared::send("Ada", 5);
}

#[monkey::test(replace(compared::send = |_: &str, _| true), watch(compared::log), expect(order[compared::send, compared::log]))]
#[ignore = "fails to show its message"]
fn order_with_monkey() {
    compared::log("begin");
    compared::send("Ada", 5);
}

#[test]
#[ignore = "fails to show its message"]
fn order_with_mockall() {
    let (mut world, mut order) = (MockWorld::new(), mockall::Sequence::new());
    world.expect_send().times(1).in_sequence(&mut order).return_const(true);
    world.expect_log().times(1).in_sequence(&mut order).return_const(0_usize);
    world.log("begin");
}

#[monkey::test(replace(compared::send = |to: &str, amount| { assert_eq!((to, amount), ("Ada", 5)); true }))]
#[ignore = "fails to show its message"]
fn arguments_with_monkey() {
    compared::send("Bob", 5);
}

#[test]
#[ignore = "fails to show its message"]
fn arguments_with_mockall() {
    let mut world = MockWorld::new();
    world.expect_send().with(mockall::predicate::eq("Ada"), mockall::predicate::eq(5)).return_const(true);
    world.send("Bob", 5);
}

#[test]
#[ignore = "fails to show its message"]
fn arguments_with_injectorpp() {
    let mut injector = InjectorPP::new();
    injector.when_called(injectorpp::func!(fn (compared::send)(&str, u32) -> bool)).will_execute(
        injectorpp::fake!(func_type: fn(to: &str, amount: u32) -> bool, when: to == "Ada" && amount == 5, returns: true),
    );
    compared::send("Bob", 5);
}
