//! An argument that is a field behind a reference is reborrowed, as in a plain call.
struct Reader<'a> {
    buffer: &'a mut [u8],
    rest: Box<[u8]>,
}

fn fill(buffer: &mut [u8]) -> usize {
    buffer.fill(1);
    buffer.len()
}

fn both(reader: &mut Reader) -> usize {
    let plain = fill(reader.buffer);
    plain + monkey::original!(fill(reader.buffer)) + monkey::original!(fill(&mut reader.rest))
}

fn elements(all: &mut [&mut [u8]]) -> usize {
    monkey::original!(fill(all[0])) + monkey::original!(fill(all[0]))
}

fn main() {
    let mut bytes = [0; 4];
    assert_eq!(both(&mut Reader { buffer: &mut bytes, rest: Box::new([0; 2]) }), 10);
    assert_eq!(elements(&mut [&mut bytes]), 8);
}
