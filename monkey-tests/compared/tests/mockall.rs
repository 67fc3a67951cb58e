//! The same with mockall: production code has to be written with traits, and hand them on. Between `changed` and `end changed` stands
//! what that is, beside `src/lib.rs`.
#![cfg_attr(rustfmt, rustfmt_skip)]
use mockall::{Sequence, automock, predicate::eq};

// changed
#[automock] // 1 2 3 4 5 6 7 8 10 11 12
trait World: Send + Sync { // 1 2 3 4 5 6 7 8 10 11 12
    fn now(&self) -> u64; // 1
    fn send(&self, to: &str, amount: u32) -> bool; // 3 4 5 6 7 8 10 11
    fn log(&self, text: &str) -> usize; // 3 4 5 6 7 8 10
    fn read_to_string(&self, path: &str) -> std::io::Result<String>; // 2
    fn id(&self) -> u32; // 12
} // 1 2 3 4 5 6 7 8 10 11 12

struct Real; // 1 2 3 4 5 6 7 8 10 11 12

impl World for Real { // 1 2 3 4 5 6 7 8 10 11 12
    fn now(&self) -> u64 { // 1
        compared::now() // 1
    } // 1

    fn send(&self, to: &str, amount: u32) -> bool { // 3 4 5 6 7 8 10 11
        compared::send(to, amount) // 3 4 5 6 7 8 10 11
    } // 3 4 5 6 7 8 10 11

    fn log(&self, text: &str) -> usize { // 3 4 5 6 7 8 10
        compared::log(text) // 3 4 5 6 7 8 10
    } // 3 4 5 6 7 8 10

    fn read_to_string(&self, path: &str) -> std::io::Result<String> { // 2
        std::fs::read_to_string(path) // 2
    } // 2

    fn id(&self) -> u32 { // 12
        std::process::id() // 12
    } // 12
} // 1 2 3 4 5 6 7 8 10 11 12

fn is_expired(world: &impl World, end: u64) -> bool { // 1
    world.now() > end // 1
}

fn configured_port(world: &impl World) -> u16 { // 2
    world.read_to_string("app.conf").map_or(80, |text| text.trim().parse().unwrap()) // 2
}

fn pay_all(world: &impl World, names: &[&str]) -> usize { // 3 4 5 6 7 8 10
    world.log("begin"); // 3 4 5 6 7 8 10
    let paid = names.iter().filter(|name| world.send(name, 5) || world.send(name, 5)).count(); // 3 4 5 6 7 8 10
    world.log("end"); // 3 4 5 6 7 8 10
    paid
}

fn pay_from_a_thread(world: impl World + 'static) -> bool { // 11
    std::thread::spawn(move || world.send("Ada", 5)).join().unwrap() // 11
}

fn process(world: &impl World) -> u32 { // 12
    world.id() // 12
}

#[automock] // 9
trait Store {
    fn put(&self, key: u32) -> bool;
}
// end changed

#[test]
fn production_has_what_it_had() {
    assert_ne!(process(&Real), 0);
    assert!(!is_expired(&Real, u64::MAX));
}

fn save(store: &dyn Store) -> bool {
    store.put(1)
}

// 1 a fixed value
#[test]
fn a_fixed_value() {
    let mut world = MockWorld::new();
    world.expect_now().return_const(42_u64);
    assert!(is_expired(&world, 41));
}
// end

// 2 a function of std
#[test]
fn a_function_of_std() {
    let mut world = MockWorld::new();
    world.expect_read_to_string().returning(|_| Ok("8080".into()));
    assert_eq!(configured_port(&world), 8080);
}
// end

// 3 a number of calls
#[test]
fn a_number_of_calls() {
    let mut world = MockWorld::new();
    world.expect_log().return_const(0_usize);
    world.expect_send().times(2).return_const(true);
    pay_all(&world, &["Ada", "Bob"]);
}
// end

// 4 the first call fails
#[test]
fn the_first_call_fails() {
    let mut world = MockWorld::new();
    world.expect_log().return_const(0_usize);
    world.expect_send().times(1).return_const(false);
    world.expect_send().return_const(true);
    assert_eq!(pay_all(&world, &["Ada"]), 1);
}
// end

// 5 arguments are checked
#[test]
fn arguments_are_checked() {
    let mut world = MockWorld::new();
    world.expect_log().return_const(0_usize);
    world.expect_send().with(eq("Ada"), eq(5)).return_const(true);
    pay_all(&world, &["Ada"]);
}
// end

// 6 by argument
#[test]
fn by_argument() {
    let mut world = MockWorld::new();
    world.expect_log().return_const(0_usize);
    world.expect_send().returning(|to, _| to != "Bob");
    assert_eq!(pay_all(&world, &["Ada", "Bob"]), 1);
}
// end

// 7 an order
#[test]
fn an_order() {
    let (mut world, mut order) = (MockWorld::new(), Sequence::new());
    world.expect_log().times(1).in_sequence(&mut order).return_const(0_usize);
    world.expect_send().times(1).in_sequence(&mut order).return_const(true);
    world.expect_log().times(1).in_sequence(&mut order).return_const(0_usize);
    pay_all(&world, &["Ada"]);
}
// end

// 8 a spy
#[test]
fn a_spy() {
    let mut world = MockWorld::new();
    world.expect_log().times(2).returning(compared::log);
    pay_all(&world, &[]);
}
// end

// 9 behind dyn
#[test]
fn behind_dyn() {
    let mut store = MockStore::new();
    store.expect_put().returning(|key| key == 1);
    assert!(save(&store));
}
// end

// 10 never called
#[test]
fn never_called() {
    let mut world = MockWorld::new();
    world.expect_log().return_const(0_usize);
    world.expect_send().never();
    pay_all(&world, &[]);
}
// end

// 11 from another thread
#[test]
fn from_another_thread() {
    let mut world = MockWorld::new();
    world.expect_send().return_const(true);
    assert!(pay_from_a_thread(world));
}
// end

// 12 a function of C
#[test]
fn a_function_of_c() {
    let mut world = MockWorld::new();
    world.expect_id().return_const(7_u32);
    assert_eq!(process(&world), 7);
}
// end
