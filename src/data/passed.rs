//! The entries of a folder that are no data.

use core::cmp::Reverse;
use core::fmt;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

/// The entries of a folder that were passed over, by the reason.
///
/// As text: `6 .webp, 2 hidden`; nothing where nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Passed {
    /// The number of files whose suffix is none that is read, by suffix in lower case and with its dot;
    /// empty for names without one.
    pub suffixes: BTreeMap<String, usize>,
    /// The number of files and folders whose names begin with a dot, or that systems leave: `__MACOSX`,
    /// `Thumbs.db`, `desktop.ini`. What is in such a folder is not counted.
    pub hidden: usize,
    /// The number of links to nothing.
    pub dangling: usize,
    /// The number of links to a folder that they are in, or to each other.
    pub circles: usize,
    /// The number of devices, pipes and sockets.
    pub special: usize,
}

/// Suffixes that are named, the most frequent first.
const NAMED: usize = 8;

impl Passed {
    /// The number of all entries that were passed over.
    pub fn total(&self) -> usize {
        let suffixes: usize = self.suffixes.values().sum();
        suffixes + self.hidden + self.dangling + self.circles + self.special
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut suffixes: Vec<(&str, usize)> = Vec::new();
        for (suffix, &count) in &self.suffixes {
            let suffix = if suffix.is_empty() {
                "without a suffix"
            } else {
                suffix
            };
            suffixes.push((suffix, count));
        }
        suffixes.sort_by_key(|&(_, count)| Reverse(count));
        let others = suffixes.split_off(suffixes.len().min(NAMED));
        let others = others.into_iter().map(|(_, count)| count).sum();
        let reasons = [
            ("of other suffixes", others),
            ("hidden", self.hidden),
            ("dangling (a link to nothing)", self.dangling),
            ("circular (a link that leads back)", self.circles),
            ("special (a device, pipe or socket)", self.special),
        ];
        let all = suffixes.into_iter().chain(reasons);
        for (at, (what, count)) in all.filter(|&(_, count)| count > 0).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {what}")?;
        }
        Ok(())
    }
}
