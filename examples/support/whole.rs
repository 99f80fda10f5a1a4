//! Whole numbers on the command line.

use std::ops::RangeInclusive;

/// Reads a whole number, and says which ones there are.
pub(crate) fn whole<N: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number: u64| N::try_from(number).ok());
        let (first, last) = (range.start(), range.end());
        number.ok_or_else(|| format!("not a whole number from {first} to {last}"))
    }
}
