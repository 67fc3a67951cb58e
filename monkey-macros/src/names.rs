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
    last: Last,
    /// The last token needs a space behind it, whatever comes.
    space: bool,
    /// Between the bars of a closure.
    bars: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    #[default]
    Sign,
    Keyword,
    /// A name or a number: it ends a value or a type.
    Word,
    /// Another end of these: what comes next is an operator between two, or a word of its own.
    Bracket,
}

/// Behind these a sign belongs to what follows.
const KEYWORDS: [&str; 12] =
    ["as", "break", "dyn", "else", "if", "impl", "in", "match", "move", "mut", "return", "while"];
const BETWEEN: [&str; 20] = [
    "+", "-", "*", "/", "%", "^", "&", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=", "<<",
    "&=", "|=",
];

impl Line {
    fn append(&mut self, tokens: &TokenStream) {
        let mut joint = String::new();
        for token in tokens.clone() {
            match token {
                TokenTree::Punct(punct) => {
                    if matches!(punct.as_char(), ',' | ';') {
                        self.punct(&std::mem::take(&mut joint));
                    }
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
                    let word = word.to_string();
                    let is_keyword = KEYWORDS.contains(&word.as_str());
                    self.space |= self.last != Last::Sign;
                    self.push(&word, if is_keyword { Last::Keyword } else { Last::Word });
                    self.space = is_keyword;
                }
            }
        }
        self.punct(&joint);
    }

    fn push(&mut self, text: &str, last: Last) {
        if self.space {
            self.text.push(' ');
        }
        self.text.push_str(text);
        (self.last, self.space) = (last, false);
    }

    fn punct(&mut self, text: &str) {
        match text {
            "" => {}
            "," | ";" | ":" => {
                self.space = false;
                self.push(text, Last::Sign);
                self.space = true;
            }
            "=" | "->" | "=>" => {
                self.space = true;
                self.push(text, Last::Sign);
                self.space = true;
            }
            "|" => {
                self.space |= matches!(self.last, Last::Word | Last::Keyword) && !self.bars;
                self.push(text, Last::Sign);
                self.bars = !self.bars;
                self.space = !self.bars;
            }
            "'" => {
                self.space |= matches!(self.last, Last::Word | Last::Keyword);
                self.push(text, Last::Sign);
            }
            _ if text.bytes().all(|byte| byte == b'>') => {
                self.push(text, Last::Bracket);
            }
            _ if matches!(self.last, Last::Word | Last::Bracket) && BETWEEN.contains(&text) => {
                self.space = true;
                self.push(text, Last::Sign);
                self.space = true;
            }
            _ => self.push(text, Last::Sign),
        }
    }

    fn group(&mut self, delimiter: Delimiter, content: &TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{ ", "}"),
            Delimiter::None => ("", ""),
        };
        self.space |= delimiter == Delimiter::Brace && matches!(self.last, Last::Word | Last::Keyword);
        if delimiter != Delimiter::None {
            self.push(open, Last::Sign);
        }
        let bars = std::mem::take(&mut self.bars);
        self.append(content);
        self.bars = bars;
        self.space = delimiter == Delimiter::Brace && !content.is_empty();
        if delimiter != Delimiter::None {
            self.push(close, Last::Bracket);
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
            "<Shelf<u8> as Store>::put",
            "<Shelf<Vec<u8>>>::put",
            "<Shelf<Vec<u8>> as Store>::put",
            "|x| x >= 1",
            "<(u8, [u8; 3]) as Store>::put",
            "<&str as Store>::put",
            "<[u8] as Store<dyn Read + Send>>::put",
            "|x, y| x + 1 - y.z() * -1",
            "|x| *x && !y(&x)",
            "|x: *const u8| x as *const u16",
            "async move |_: &Sink<'_>, x| &x[1] == \"a\"",
        ] {
            assert_eq!(text(&written.parse().unwrap()), written);
        }
    }
}
