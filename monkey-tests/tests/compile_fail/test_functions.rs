#[monkey::test]
fn parameters(_value: u32, _other: u32) {}

#[monkey::test]
#[test]
fn parameters_of_a_plain_test(_value: u32) {}

#[monkey::test]
async fn without_a_runtime() {}

#[monkey::test(colour = red)]
const fn constant() {}

#[monkey::test]
#[monkey::test]
fn twice() {}

#[monkey::test(replace(parameters = |_, _| ()))]
#[should_panic]
fn panics_and_returns() -> Result<(), String> {
    Ok(())
}

#[monkey::test]
struct Counter;

#[monkey::with]
const fn constant_with() {}

trait Store {
    #[monkey::with]
    fn put(&self);
}

#[monkey::with]
mod inline {}

fn main() {}
