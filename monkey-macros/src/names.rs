//! Paths and closures as a person would write them, for messages: tokens carry no spaces.
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The tokens on one line.
pub fn text(tokens: &TokenStream) -> String {
    let mut line = Line::default();
    line.append(tokens);
    line.text
}

#[derive(Default)]
struct Line {
    text: String,
    /// The last token needs a space before a word.
    word: bool,
    /// The last token needs a space behind it, whatever comes.
    space: bool,
    /// Between the bars of a closure.
    bars: bool,
}

impl Line {
    fn append(&mut self, tokens: &TokenStream) {
        let mut joint = String::new();
        for token in tokens.clone() {
            match token {
                TokenTree::Punct(punct) => {
                    joint.push(punct.as_char());
                    let bar = punct.as_char() == '|';
                    if bar || punct.spacing() == proc_macro2::Spacing::Alone {
                        self.punct(&std::mem::take(&mut joint));
                    }
                }
                TokenTree::Group(group) => {
                    self.punct(&std::mem::take(&mut joint));
                    self.group(group.delimiter(), &group.stream());
                }
                word => {
                    self.punct(&std::mem::take(&mut joint));
                    self.push(&word.to_string(), true);
                }
            }
        }
        self.punct(&joint);
    }

    fn push(&mut self, text: &str, word: bool) {
        if self.space || (self.word && word) {
            self.text.push(' ');
        }
        self.text.push_str(text);
        (self.word, self.space) = (word, false);
    }

    fn punct(&mut self, text: &str) {
        match text {
            "" => {}
            "," | ";" | ":" => {
                self.space = false;
                self.push(text, false);
                self.space = true;
            }
            "=" | "->" | "=>" => {
                self.space = true;
                self.push(text, false);
                self.space = true;
            }
            "|" => {
                self.space |= self.word && !self.bars;
                self.push(text, false);
                self.bars = !self.bars;
                self.space = !self.bars;
            }
            "'" => {
                self.push(text, true);
                self.word = false;
            }
            _ => self.push(text, false),
        }
    }

    fn group(&mut self, delimiter: Delimiter, content: &TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{ ", "}"),
            Delimiter::None => ("", ""),
        };
        self.space |= delimiter == Delimiter::Brace && self.word;
        if delimiter != Delimiter::None {
            self.push(open, false);
        }
        let bars = std::mem::take(&mut self.bars);
        self.append(content);
        self.bars = bars;
        self.space = delimiter == Delimiter::Brace && !content.is_empty();
        if delimiter != Delimiter::None {
            self.push(close, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn names_read_as_written() {
        for written in [
            "now",
            "crate::clock::now",
            "<Disk as Store>::put",
            "parse::<u32, &'static str>",
            "|| 42",
            "|path: &Path, _: u8| path.len()",
            "move |a| -> u32 { a.b(c) }",
            "std::time::SystemTime::now",
        ] {
            assert_eq!(text(&written.parse().unwrap()), written);
        }
    }
}
