//! Bodies that the dependency, which is optimised, has for itself, with other parameters than they are written with.
use monkey::Cause;

fn refused(error: monkey::PatchError) {
    let Cause::Parameters { address, because } = error.cause() else { panic!("{error}") };
    println!("{address:#x}: {because}");
    assert_ne!(*address, error.address() as usize);
    let text = error.to_string();
    assert!(text.contains("opt-level = 0") && text.contains(&format!("{address:#x}")), "{text}");
}

#[test]
fn what_a_reference_leads_to_is_passed_in_its_place() {
    refused(monkey::try_patch!(dependency::scaled::<u64> = |by: &u64, _: u64| *by).unwrap_err());
    assert_eq!(dependency::uses_scaled(3), dependency::uses_scaled(3));
}

#[test]
fn what_is_not_used_is_left_out() {
    refused(monkey::try_patch!(dependency::named::<u64> = |_: &str, by: u64, _: u64| by).unwrap_err());
    assert_eq!(dependency::uses_named(3), dependency::uses_named(3));
}

#[test]
fn a_body_whose_address_is_known_is_as_it_is_written() {
    // Its first call may have been inlined.
    let guard = monkey::patch!(
        replace(dependency::added::<u64> = |by: &u64, _: u64| *by),
        partly(dependency::added::<u64>),
    );
    assert_eq!(dependency::uses_added(3) % 7, 0);
    drop(guard);
}
