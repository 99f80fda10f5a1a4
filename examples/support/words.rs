//! Words of the command line that are names of the library's.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A word and what it says, which may be nothing; typed with `-` where the library's name has `_`.
pub(crate) type Word = (&'static str, &'static str);

/// Reads one of these words.
pub(crate) fn words<T>(words: &[Word]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err: Display + Send + Sync + std::error::Error + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let values = words.iter().map(|&(word, says)| {
        let value = PossibleValue::new(word);
        if says.is_empty() {
            value
        } else {
            value.help(says)
        }
    });
    PossibleValuesParser::new(values).try_map(|word| word.replace('-', "_").parse::<T>())
}
