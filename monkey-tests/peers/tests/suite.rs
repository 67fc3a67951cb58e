//! Tests of which a runner makes a process each: half of them patch a function.
include!(concat!(env!("OUT_DIR"), "/suite.rs"));

/// Never called: it makes the program as large as a test program of a service.
#[test]
#[ignore = "it makes the program large"]
fn large() {
    let text = std::env::args().next().unwrap();
    let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
    let found = regex::Regex::new(&text).map(|found| found.is_match(&text));
    let file = syn::parse_file(&text).map(|file| format!("{file:?}"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let _ = tokio::net::TcpStream::connect("127.0.0.1:1").await;
    });
    std::hint::black_box((value.is_ok(), found.is_ok(), file.is_ok()));
}
