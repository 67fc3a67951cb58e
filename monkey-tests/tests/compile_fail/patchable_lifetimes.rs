//! A method that is annotated alone, with a lifetime of its block: nobody there knows what a replacement has to be.
struct Sink<'a>(&'a str);

impl<'a> Sink<'a> {
    #[monkey::patchable]
    fn put(&mut self, text: &'a str) {
        self.0 = text;
    }
    #[monkey::patchable]
    fn longest<'b>(&self, text: &'b str) -> &'b str
    where
        'a: 'b,
    {
        if self.0.len() > text.len() { self.0 } else { text }
    }
    #[monkey::patchable]
    fn length(&self, more: &'static str, own: &dyn for<'x> Fn(&'x str) -> usize) -> usize {
        own(self.0) + more.len()
    }
}

fn main() {}
