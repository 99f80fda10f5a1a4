//! The words of a Rust text, without comments.

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word(String),
    /// What is between the quotes of a text.
    Text(String),
    /// `::`.
    Path,
    /// Any other sign.
    Sign(char),
}

/// A token and the line that it begins on, from 1.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The tokens of a text; numbers count as words, lifetimes and characters as nothing.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let (mut left, mut line, mut tokens) = (text, 1, Vec::new());
    while let Some(first) = left.chars().next() {
        let (len, kind) = next(left, first);
        tokens.extend(kind.map(|kind| Token { kind, line }));
        line += left[..len].matches('\n').count();
        left = &left[len..];
    }
    tokens
}

/// How many bytes the first token takes, and what it is; none for what is not counted.
fn next(text: &str, first: char) -> (usize, Option<Kind>) {
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), None);
    }
    if text.starts_with("/*") {
        return (comment(text), None);
    }
    if text.starts_with("::") {
        return (2, Some(Kind::Path));
    }
    if let Some((len, text)) = quoted(text) {
        return (len, Some(Kind::Text(text.into())));
    }
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let word = |text: &str| text.find(|char| !is_word(char)).unwrap_or(text.len());
    match first {
        '\'' => {
            let mut chars = text.char_indices().skip(1);
            let (_, inner) = chars.next().unwrap();
            let (end, behind) = chars.next().unwrap();
            let len = match (inner, behind) {
                ('\\', _) => {
                    end + behind.len_utf8()
                        + text[end + behind.len_utf8()..].find('\'').unwrap()
                        + 1
                }
                (_, '\'') => end + 1,
                _ => 1 + word(&text[1..]),
            };
            (len, None)
        }
        _ if is_word(first) => (word(text), Some(Kind::Word(text[..word(text)].into()))),
        _ if first.is_whitespace() => (first.len_utf8(), None),
        _ => (first.len_utf8(), Some(Kind::Sign(first))),
    }
}

/// The length of a comment that may hold others.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    loop {
        let left = &text[at..];
        if left.starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if left.starts_with("*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += left.chars().next().map_or(0, char::len_utf8);
        }
        if depth == 0 || at == text.len() {
            return at;
        }
    }
}

/// The length of a text in quotes, with its prefix, and what is in it.
fn quoted(text: &str) -> Option<(usize, &str)> {
    let prefixes = ["br", "cr", "r", "b", "c", ""];
    let prefix = prefixes.into_iter().find(|prefix| {
        let behind = text.strip_prefix(prefix);
        behind.is_some_and(|behind| behind.trim_start_matches('#').starts_with('"'))
    })?;
    let is_raw = prefix.ends_with('r');
    let behind = &text[prefix.len()..];
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    if hashes > 0 && !is_raw {
        return None;
    }
    let start = prefix.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let mut end = start;
    while !text[end..].starts_with(&closing) {
        let mut chars = text[end..].chars();
        let escaped = chars.next() == Some('\\') && !is_raw;
        end += 1 + if escaped {
            chars.next().map_or(0, char::len_utf8)
        } else {
            0
        };
        while !text.is_char_boundary(end) {
            end += 1;
        }
    }
    Some((end + closing.len(), &text[start..end]))
}
