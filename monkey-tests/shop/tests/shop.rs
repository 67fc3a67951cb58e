//! The shop without a network, a clock, luck or a disk: crates that know nothing of it, unmodified.
use chrono::{DateTime, Local};
use monkey_shop::{Order, Shop, exchange_rate, pay, read_prices, write_receipt};
use rusqlite::Connection;
use std::ffi::{c_char, c_int, c_uint};
use std::time::Duration;
use ureq::typestate::WithoutBody;
use ureq::{Body, RequestBuilder, http};
use uuid::Uuid;

type Answer = Result<http::Response<Body>, ureq::Error>;
type Values = (String, i64, String);

fn new_year() -> DateTime<Local> {
    DateTime::parse_from_rfc3339("2030-01-01T00:00:00Z").unwrap().into()
}

fn order() -> Order {
    Order { id: Uuid::nil(), price: 90, taken: new_year() }
}

#[expect(clippy::unnecessary_wraps, reason = "as the function it stands in for")]
fn paid(_: RequestBuilder<WithoutBody>) -> Answer {
    Ok(http::Response::new(Body::builder().data("paid")))
}

/// uuid and rand ask the system, chrono the clock.
#[monkey::test(replace(Local::now = new_year))]
fn an_order_is_the_same_each_time() {
    let take = || {
        let _seed = monkey::random::seed(7);
        // `rand` seeds its generator once in each thread.
        std::thread::spawn(|| Shop::open().unwrap().take_order(1000).unwrap()).join().unwrap()
    };
    let order = take();
    assert_eq!((order.taken, order.id.get_version_num()), (new_year(), 4));
    assert!((900..=1000).contains(&order.price));
    assert_eq!(take(), order);
}

#[monkey::test(replace(Uuid::new_v4 = Uuid::nil, Local::now = new_year))]
fn an_order_is_kept() {
    let shop = Shop::open().unwrap();
    assert_eq!(shop.take_order(0).unwrap(), Order { price: 0, ..order() });
    assert_eq!(shop.orders().unwrap(), 1);
}

#[monkey::test(replace(Connection::execute = |_: &Connection, _: &str, _: Values| Err(rusqlite::Error::InvalidQuery)))]
fn a_database_that_fails_takes_no_order() {
    let shop = Shop::open().unwrap();
    assert_eq!(shop.take_order(100).unwrap_err().to_string(), "Query is not read-only");
    assert_eq!(shop.orders().unwrap(), 0);
}

#[monkey::test(replace(RequestBuilder::<WithoutBody>::call = paid))]
#[tokio::test]
async fn the_bank_answers_without_a_network() {
    assert_eq!(pay(&order()).await.unwrap(), "paid");
}

fn paid_the_third_time(request: RequestBuilder<WithoutBody>) -> Answer {
    if monkey::calls!(RequestBuilder::<WithoutBody>::call) < 3 {
        return Err(ureq::Error::ConnectionFailed);
    }
    paid(request)
}

/// Nobody sleeps: each time is as good as over.
fn at_once(time: Duration) -> tokio::time::Sleep {
    assert!(time >= Duration::from_mins(1));
    monkey::original!(tokio::time::sleep(Duration::ZERO))
}

#[monkey::test(
    replace(RequestBuilder::<WithoutBody>::call = paid_the_third_time, tokio::time::sleep = at_once),
    expect(order[
        RequestBuilder::<WithoutBody>::call, tokio::time::sleep,
        RequestBuilder::<WithoutBody>::call, tokio::time::sleep,
        RequestBuilder::<WithoutBody>::call,
    ])
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_bank_has_three_attempts() {
    assert_eq!(tokio::spawn(async { pay(&order()).await }).await.unwrap().unwrap(), "paid");
}

#[monkey::test(replace(RequestBuilder::<WithoutBody>::call = |_| Err(ureq::Error::HostNotFound), tokio::time::sleep = at_once), expect(tokio::time::sleep = 2))]
#[tokio::test]
async fn a_bank_that_is_gone_is_told() {
    assert!(pay(&order()).await.unwrap_err().to_string().contains("host not found"));
}

fn answer(status: u16, text: &'static str) -> reqwest::Response {
    http::Response::builder().status(status).body(text).unwrap().into()
}

/// Other crates' `async fn`s: their own futures are ready at once, with this.
#[cfg(debug_assertions)]
#[monkey::test(replace(reqwest::get::<String> = returns(Ok(answer(200, "125\n")))))]
#[tokio::test]
async fn a_rate_comes_without_a_network() {
    assert_eq!(exchange_rate("USD").await.unwrap(), 125);
}

#[cfg(debug_assertions)]
#[monkey::test(replace(reqwest::get::<String> = sequence[Ok(answer(503, "")), Ok(answer(200, "125"))]))]
#[tokio::test(flavor = "multi_thread")]
async fn the_second_answer_is_better() {
    let first = tokio::spawn(exchange_rate("USD")).await.unwrap();
    assert!(first.unwrap_err().to_string().contains("503"));
    assert_eq!(exchange_rate("USD").await.unwrap(), 125);
}

/// A function that takes `impl Trait`, for arguments of this type: nobody can write that behind its path.
fn taking<A, R, F: Fn(A) -> R>(function: F) -> F {
    function
}

#[cfg(debug_assertions)]
#[monkey::test]
#[tokio::test]
async fn prices_come_from_no_file() {
    let read_to_string = taking::<&str, _, _>(tokio::fs::read_to_string);
    let _guard = monkey::patch!(
        read_to_string = sequence[Ok("3\n5\n".to_owned()), Err(std::io::ErrorKind::NotFound.into())]
    );
    assert_eq!(read_prices("/not/there").await.unwrap(), [3, 5]);
    assert!(read_prices("/not/there").await.unwrap_err().to_string().contains("not found"));
}

extern "C" fn full(_: *const c_char, _: c_int, _: c_uint) -> c_int {
    // SAFETY: takes nothing, changes nothing.
    let error = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own.
    unsafe { error.write(libc::ENOSPC) };
    -1
}

#[monkey::test(replace(libc::open64 = full))]
fn a_receipt_needs_a_disk() {
    assert!(write_receipt(&order()).unwrap_err().to_string().contains("No space left on device"));
}

#[test]
fn a_receipt_is_written() {
    let path = write_receipt(&order()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(text.starts_with("00000000-0000-0000-0000-000000000000: 90 cents, 20"), "{text}");
}
