//! How pictures are read, as programs are told it.

use clap::Args;
use iddpm::data::{Alpha, DataError, Fit};

use super::program::Failure;
use super::whole::whole;

/// Far above any size, and far below where a product of such numbers overflows.
const MANY: u64 = 1 << 31;

#[derive(Args)]
pub(crate) struct DataOptions {
    /// Rows and columns that pictures are fitted to; where none are given, as many as at least half of them have, up to
    /// 64. A network wants a multiple of 2 for each of its levels below the first. Other data has its own.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    size: Option<usize>,
    /// Reads pictures as grey; other data has its own channels.
    #[arg(long)]
    grey: bool,
    /// What becomes of transparency: keep, in images of four channels, or over:#rrggbb, painted over this ground.
    /// Where none is given, it is kept if there is any.
    #[arg(long, value_name = "keep|over:#rrggbb")]
    pub(crate) alpha: Option<Alpha>,
}

impl DataOptions {
    /// The options that were given of those that say channels and sides.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let given = [("--size", self.size.is_some()), ("--grey", self.grey)];
        let given = given.into_iter();
        given
            .filter_map(|(option, given)| given.then_some(option))
            .collect()
    }

    /// The channels and sides that images are to have; the options that were given are [`given`](Self::given).
    pub(crate) fn fit<'a>(&self, given: &'a [&'a str]) -> Fit<'a> {
        Fit::Own {
            side: self.size,
            grey: self.grey,
            given,
        }
    }

    /// What was in the way of the data that an option names, by the option that is wrong.
    pub(crate) fn explain(&self, option: &str, error: DataError) -> Failure {
        match (error, self.size) {
            // Of these options, not of the data.
            (error @ DataError::NoEffect { .. }, _) => error.into(),
            (error @ DataError::Alpha { .. }, _) => format!("--{error}").into(),
            (error @ DataError::Extents { .. }, Some(side)) => {
                format!("--size {side}: {error}").into()
            }
            (error, _) => format!("{option} {error}").into(),
        }
    }
}
