//! A file as the check sees it: the modules it declares and the paths it names.

use crate::tokens::{Kind, Token, tokens};

/// A module's place in the crate, from its root.
pub(crate) type Module = Vec<String>;

/// `mod name;`, and the files that hold it where an attribute says so.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) paths: Vec<String>,
}

/// A path as it is written, and where.
#[derive(Debug)]
pub(crate) struct Named {
    /// Its words; the last is `*` for a glob.
    pub(crate) words: Vec<String>,
    /// How many modules within the file it stands in.
    pub(crate) depth: usize,
    pub(crate) line: usize,
    /// For a `use`, the name by which the file knows it from then on.
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) declared: Vec<Declared>,
    pub(crate) named: Vec<Named>,
}

/// Reads a file.
pub(crate) fn read(text: &str) -> File {
    let tokens = tokens(text);
    let mut file = File::default();
    // The braces that are open: whether each is a module's.
    let (mut braces, mut paths, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        let left = &tokens[at..];
        let depth = braces.iter().filter(|&&is_module| is_module).count();
        at += 1;
        match (&token.kind, left) {
            (Kind::Word(word), [_, name, sign, ..]) if word == "mod" && sign.is(';') => {
                if let (Some(name), 0) = (name.word(), depth) {
                    file.declared.push(Declared {
                        name: name.into(),
                        paths: std::mem::take(&mut paths),
                    });
                }
            }
            (Kind::Word(word), [_, name, sign, ..])
                if word == "mod" && name.word().is_some() && sign.is('{') =>
            {
                braces.push(true);
                at += 2;
            }
            (Kind::Word(word), [_, equals, text, ..]) if word == "path" && equals.is('=') => {
                if let Kind::Text(path) = &text.kind {
                    paths.push(path.clone());
                }
            }
            // `use<'a>` is a bound.
            (Kind::Word(word), [_, next, ..]) if word == "use" && !next.is('<') => {
                at += tree(&left[1..], &[], depth, &mut file.named);
            }
            // `pub(in path)` names who may name.
            (Kind::Word(word), [_, open, within, ..])
                if word == "pub" && open.is('(') && within.word() == Some("in") =>
            {
                at += 2 + path(&left[3..]).len() * 2;
            }
            (Kind::Word(_), _) => {
                let words = path(left);
                if words.len() > 1 {
                    at += 2 * (words.len() - 1);
                    file.named.push(Named {
                        words,
                        depth,
                        line: token.line,
                        alias: None,
                    });
                }
            }
            (Kind::Sign('{'), _) => braces.push(false),
            (Kind::Sign('}'), _) => drop(braces.pop()),
            (Kind::Sign(';'), _) => paths.clear(),
            _ => {}
        }
    }
    file
}

/// The words that a path begins with.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut words = Vec::new();
    for pair in tokens.chunks(2) {
        let Some(word) = pair[0].word() else { break };
        words.push(word.into());
        if pair.get(1).is_none_or(|sign| sign.kind != Kind::Path) {
            break;
        }
    }
    words
}

/// Reads one branch of a `use`; how many tokens it is.
fn tree(tokens: &[Token], before: &[String], depth: usize, named: &mut Vec<Named>) -> usize {
    let (mut words, mut alias, mut at) = (before.to_vec(), None, 0);
    while let Some(token) = tokens.get(at) {
        match &token.kind {
            Kind::Word(word) if word == "as" => {
                alias = tokens.get(at + 1).and_then(Token::word);
                at += 1;
            }
            Kind::Word(word) if word == "self" && !words.is_empty() => {}
            Kind::Word(word) => words.push(word.clone()),
            // `::name` is of another crate.
            Kind::Path if words.is_empty() => words.push(String::new()),
            Kind::Path => {}
            Kind::Sign('*') => words.push("*".into()),
            Kind::Sign('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !token.is('}')) {
                    at += tree(&tokens[at..], &words, depth, named);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.is(',')));
                }
                return at + 1;
            }
            Kind::Sign(_) | Kind::Text(_) => break,
        }
        at += 1;
    }
    named.push(Named {
        depth,
        line: tokens.first().map_or(0, |token| token.line),
        alias: alias.or(words.last().map(String::as_str)).map(String::from),
        words,
    });
    at
}
