//! Tests of one module share replacements.
#[monkey::patchable]
fn now() -> u64 {
    1
}

#[monkey::patchable]
fn zone() -> &'static str {
    "UTC"
}

#[monkey::test(replace(now = || 42), watch(zone), expect(zone = ..=1))]
mod frozen {
    use super::{now, zone};

    /// What is shared need not be called.
    #[test]
    fn one_calls_neither() {}

    #[test]
    fn one_calls_both() -> Result<(), std::num::TryFromIntError> {
        assert_eq!((u8::try_from(now())?, zone()), (42, "UTC"));
        assert_eq!((monkey::calls!(now), monkey::calls!(zone)), (1, 1));
        Ok(())
    }

    #[test]
    #[should_panic = "on purpose"]
    fn one_is_to_panic() {
        assert_eq!(now(), 42);
        panic!("on purpose");
    }

    /// Its own list is the newer.
    #[monkey::test(replace(now = || 7))]
    fn one_replaces_itself() {
        assert_eq!((now(), zone()), (7, "UTC"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_is_async() {
        assert_eq!(tokio::spawn(async { now() }).await.unwrap(), 42);
    }

    #[monkey::test(replace(zone = || "CET"))]
    #[tokio::test]
    async fn one_is_async_and_replaces() {
        assert_eq!((now(), zone()), (42, "CET"));
    }

    #[rstest::rstest]
    #[case(0)]
    #[case(1)]
    fn some_have_cases(#[case] more: u64) {
        assert_eq!(now() + more, 42 + more);
    }

    #[test_case::test_case(0)]
    #[test_case::test_case(1; "one")]
    fn others_have_cases(more: u64) {
        assert_eq!(now() + more, 42 + more);
    }

    fn helper() -> u64 {
        now()
    }

    mod deeper {
        use super::{helper, now, zone};

        #[test]
        fn one_calls_a_helper() {
            assert_eq!((helper(), zone()), (42, "UTC"));
        }

        #[monkey::test(replace(zone = || "CET"))]
        mod elsewhere {
            use super::{now, zone};

            #[test]
            fn both_lists_count() {
                assert_eq!((now(), zone()), (42, "CET"));
            }
        }

        #[monkey::test(replace(now = || 5))]
        mod later {
            use super::{now, zone};

            #[test]
            fn the_inner_list_is_the_newer() {
                assert_eq!((now(), zone()), (5, "UTC"));
            }
        }
    }
}

#[monkey::test(replace(now = || 43), scope = process)]
mod alone {
    use super::now;

    #[test]
    fn one_is_seen_by_all() {
        let seen = std::thread::spawn(now).join().unwrap();
        assert_eq!(seen, 43);
    }
}

#[test]
fn others_see_the_original() {
    assert_eq!(now(), 1);
}
