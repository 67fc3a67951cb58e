#![deny(warnings)]
#![forbid(unsafe_code)]
struct Sink<'a>(Vec<&'a str>);
#[monkey::patchable]
impl<'a> Sink<'a> {
    fn new() -> Self { Sink(Vec::new()) }
    fn put(&mut self, text: &'a str) { self.0.push(text); }
    fn first(&self) -> Option<&'a str> { self.0.first().copied() }
    fn lent(&self) -> &str { self.0[0] }
    fn take(self) -> usize { self.0.len() }
    fn count(&self, by: u8) -> usize { self.0.len() + usize::from(by) }
    fn genr<T: ToString>(&mut self, x: T) -> String { x.to_string() }
}
#[monkey::patchable]
impl Sink<'_> { fn anon(&mut self) -> usize { self.0.len() } }
fn keep<'a>(sink: &mut Sink<'a>, text: &'a str) { sink.0.push(text); sink.0.push(text); }
fn other(sink: &Sink, _: u8) -> usize { sink.0.len() + 40 }
#[monkey::with(replace(Sink::put = keep, Sink::first = |_: &Sink| None, Sink::lent = |_: &Sink| "x", Sink::count = other, Sink::genr::<u8> = |_: &mut Sink, _| "g".into(), Sink::take = |_: Sink| 9, Sink::new = || Sink(vec!["n"]), Sink::anon = { |_: &mut Sink| 70 }, String::len = |s: &String| s.as_bytes().len() + 1, <[u8]>::len = |_: &[u8]| 5, u8::count_ones = |x| u32::from(x), Vec::<u8>::pop = |_: &mut Vec<u8>| None))]
fn run() -> usize {
    let local = String::from("abc");
    let mut s = Sink::new();
    s.put(&local);
    s.count(1) + s.take()
}
struct Other<'x>(Vec<&'x u8>);
impl<'x> Other<'x> { fn put(&mut self, u: &'x u8) { self.0.push(u) } }
fn inferred<T>(_: u8, value: T) -> T { value }
fn with_impl(_: u8, each: impl Fn(&str)) { each("") }
fn main() {
    let _i = monkey::patch!(inferred = |_, value: u32| value, with_impl = |_, _: fn(&str)| ());
    assert_eq!(run(), 3 + 40 + 9);
    let _h = monkey::patch!(std::fs::remove_file::<&str> = |_| Ok(()));
    std::fs::remove_file("no file").unwrap();
    let _g = monkey::patch!(Other::put = |_: &mut Other, _| ());
    Other(vec![]).put(&1);
}
