//! The container: streams of bytes in blocks that lie anywhere in the file.
use crate::image::bytes::number;

const MAGIC: &[u8] = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0";
/// The size of a stream that is none.
const NONE: usize = 0xFFFF_FFFF;

pub(super) struct Msf {
    data: &'static [u8],
    block: usize,
    /// Each stream's size, and where the numbers of its blocks begin in the directory.
    streams: Vec<(usize, usize)>,
    directory: &'static [u8],
}

impl Msf {
    /// Reads the directory of streams.
    pub fn parse(data: &'static [u8]) -> Option<Self> {
        if !data.starts_with(MAGIC) {
            return None;
        }
        let field = |index: usize| Some(number(data, MAGIC.len() + 4 * index, 4)? as usize);
        let (block, size, map) = (field(0)?, field(3)?, field(5)?);
        if block == 0 || !block.is_power_of_two() {
            return None;
        }
        let numbers = data.get(map.checked_mul(block)?..)?;
        let directory = gather(data, block, numbers, size)?;
        let mut msf = Self { data, block, streams: Vec::new(), directory };
        msf.find_streams()?;
        Some(msf)
    }

    fn find_streams(&mut self) -> Option<()> {
        let count = number(self.directory, 0, 4)? as usize;
        let mut blocks = 4 + count.checked_mul(4)?;
        for stream in 0..count {
            let size = number(self.directory, 4 + 4 * stream, 4)? as usize;
            let size = if size == NONE { 0 } else { size };
            self.streams.push((size, blocks));
            blocks += 4 * size.div_ceil(self.block);
        }
        Some(())
    }

    /// The bytes of a stream. Where its blocks do not lie one behind the other, they are copied, for good.
    pub fn stream(&self, index: usize) -> Option<&'static [u8]> {
        let (size, numbers) = *self.streams.get(index)?;
        gather(self.data, self.block, self.directory.get(numbers..)?, size)
    }
}

/// What lies in some blocks, whose numbers are given.
fn gather(data: &'static [u8], block: usize, numbers: &[u8], size: usize) -> Option<&'static [u8]> {
    let count = size.div_ceil(block);
    let start = |index: usize| (number(numbers, 4 * index, 4)? as usize).checked_mul(block);
    if count == 0 {
        return Some(&[]);
    }
    if size > data.len() {
        return None;
    }
    let first = start(0)?;
    if (1..count).all(|index| start(index) == Some(first + index * block)) {
        return data.get(first..first.checked_add(size)?);
    }
    let mut gathered = Vec::with_capacity(size);
    for index in 0..count {
        let (begin, length) = (start(index)?, block.min(size - index * block));
        gathered.extend_from_slice(data.get(begin..begin.checked_add(length)?)?);
    }
    Some(gathered.leak())
}
