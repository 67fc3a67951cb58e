//! Arguments of `original!` are what they are in the plain call: reborrowed, copied, alive until the statement ends.
#![deny(warnings)]
#![forbid(unsafe_code)]

struct Reader<'a> {
    buffer: &'a mut [u8],
    rows: Vec<&'a mut [u8]>,
    pair: (u8, &'a mut [u8]),
}
impl Reader<'_> {
    fn me(&mut self) -> &mut Self {
        self
    }
}
fn fill(buffer: &mut [u8]) -> usize {
    buffer.fill(1);
    buffer.len()
}
fn fill_by(buffer: &mut [u8], by: u8) -> usize {
    buffer.fill(by);
    buffer.len()
}
fn lent(pair: &(String, u8)) -> &str {
    &pair.0
}
fn maybe(buffer: Option<&mut [u8]>) -> usize {
    buffer.map_or(0, |buffer| buffer.len())
}
fn row() -> usize {
    0
}
fn calls(function: impl Fn(&str) -> usize, text: &str) -> usize {
    function(text)
}

fn all(reader: &mut Reader, boxed: &mut Box<[u8]>) -> usize {
    let mut sum = monkey::original!(fill(reader.buffer)) + monkey::original!(fill(reader.buffer));
    sum += monkey::original!(fill(&mut *reader.buffer)) + monkey::original!(fill(reader.rows[0]));
    sum += monkey::original!(fill(reader.rows[row()])) + monkey::original!(fill(reader.pair.1));
    sum += monkey::original!(fill(reader.me().buffer)) + monkey::original!(fill(&mut reader.me().buffer[1..]));
    sum += monkey::original!(fill_by(reader.buffer, reader.pair.0.wrapping_add(1)));
    sum += monkey::original!(fill(boxed)) + monkey::original!(fill(&mut **boxed));
    sum += monkey::original!(maybe(Some(reader.buffer))) + monkey::original!(fill(reader.buffer));
    sum += monkey::original!(fill(if sum > 3 { reader.buffer } else { reader.pair.1 }));
    sum += monkey::original!(lent(&(String::from("abc"), 1))).len();
    sum + monkey::original!(calls(|text: &str| text.len(), &String::from("four")))
}

fn main() {
    let (mut a, mut b, mut c) = ([0; 2], [0; 2], [0; 2]);
    let mut reader = Reader { buffer: &mut a, rows: vec![&mut b], pair: (1, &mut c) };
    assert_eq!(all(&mut reader, &mut vec![0; 2].into_boxed_slice()), 34);
}
