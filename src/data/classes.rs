//! The class of each picture of a folder, told by its sub-folder or by its name.

use std::borrow::ToOwned;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::error::{DataError, Unclear};

/// The classes that images are to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Classes<'a> {
    /// No classes, whatever the data says.
    None,
    /// The classes of the data, where it has any: pictures of which no name and no folder tells a class have none.
    #[default]
    Own,
    /// The classes of a network: an image's label is the network's number for its class.
    ///
    /// Where both have names, a class is the network's of that name, in whatever order either has them.
    /// Where the data's names are whole numbers and the network has no names, or others than numbers,
    /// they are the network's numbers (`007` is 7), as the labels of an archive always are. Other names
    /// of a network without names are numbered in their order, where there are as many as it has classes.
    /// A class that the network does not have is refused.
    Network {
        /// The number of classes the network has.
        count: usize,
        /// The names of the classes, where they are known.
        names: Option<&'a [String]>,
        /// Whether data without classes is refused. Where it is not, pictures are taken without any if
        /// the class of one is not told, or none of the network's.
        needed: bool,
    },
}

impl<'a> Classes<'a> {
    /// The classes of a network: how many it has, and their names; none for a network that takes none.
    pub const fn of_network(
        count: Option<usize>,
        names: Option<&'a [String]>,
        needed: bool,
    ) -> Self {
        match count {
            None => Self::None,
            Some(count) => Self::Network {
                count,
                names,
                needed,
            },
        }
    }
}

/// The classes of a folder's pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// What they are called, in order: of numbers if all of them are whole numbers, else of text.
    pub(super) classes: Vec<String>,
    /// The place of each picture's class among them.
    pub(super) labels: Vec<u32>,
}

impl Named {
    /// As the sub-folders of `root`, or the files' names, tell it.
    ///
    /// # Errors
    /// [`DataError::Unclear`].
    pub(super) fn of(root: &Path, files: &[PathBuf]) -> Result<Self, DataError> {
        let told = told(root, files)?;
        let mut classes = told.clone();
        let numbers = classes.iter().all(|class| is_number(class));
        let order = |a: &str, b: &str| match numbers {
            true => numeric(a).cmp(&numeric(b)),
            false => a.cmp(b),
        };
        classes.sort_unstable_by(|a, b| order(a, b));
        classes.dedup();
        let place = |class: &str| {
            // Every picture's class is among the classes.
            let place = classes.binary_search_by(|other| order(other, class));
            place.unwrap_or_else(|at| at) as u32
        };
        let labels = told.iter().map(|class| place(class)).collect();
        let classes = classes.into_iter().map(ToOwned::to_owned).collect();
        Ok(Self { classes, labels })
    }

    /// The label of each picture as a network of `count` classes numbers them, [`Classes::Network`]; nothing
    /// where it has not one of these classes, and they are not `needed`.
    ///
    /// # Errors
    /// [`DataError::UnknownClass`], [`DataError::MixedClasses`].
    pub(super) fn bound(
        &self,
        files: &[PathBuf],
        count: usize,
        names: Option<&[String]>,
        needed: bool,
    ) -> Result<Option<Vec<u32>>, DataError> {
        let numbers = self.numbers(count, names);
        if !needed && numbers.iter().all(Option::is_none) {
            return Ok(None);
        }
        let labels = self.labels.iter();
        let bound: Option<Vec<u32>> = labels.map(|&at| *numbers.get(at as usize)?).collect();
        let unknown = || self.unknown(files, count, names);
        bound.map(Some).ok_or_else(unknown)
    }

    /// The first picture whose class the network has neither by name nor by number; or, where it has each
    /// one, by a name or by a number, the first of those by number.
    fn unknown(&self, files: &[PathBuf], count: usize, names: Option<&[String]>) -> DataError {
        // Unknown: none.
        let names = names.unwrap_or_default();
        let class = |label: &u32| self.classes.get(*label as usize).map_or("", String::as_str);
        let is_named = |class: &str| names.iter().any(|name| name == class);
        let counted = names.is_empty() || !are_numbers(names);
        let is_counted = |class: &str| {
            counted && is_number(class) && class.parse().is_ok_and(|number: usize| number < count)
        };
        let pictures = || files.iter().zip(self.labels.iter().map(class));
        let neither = pictures().find(|(_, class)| !is_named(class) && !is_counted(class));
        let (path, class) = match neither.or_else(|| pictures().find(|(_, class)| !is_named(class)))
        {
            Some((path, class)) => (path.clone(), class.to_owned()),
            None => (PathBuf::new(), String::new()),
        };
        match neither {
            None => DataError::MixedClasses { path, class },
            Some(_) => DataError::UnknownClass {
                path,
                class,
                classes: count,
                names: names.to_vec(),
            },
        }
    }

    /// The network's number for each class; nothing for one that it does not have.
    fn numbers(&self, count: usize, names: Option<&[String]>) -> Vec<Option<u32>> {
        // Unknown: none.
        let known = names.unwrap_or_default();
        let named = |class: &String| known.iter().position(|name| name == class);
        let by_number = are_numbers(&self.classes)
            && (known.is_empty() || !are_numbers(known))
            && !self.classes.iter().any(|class| named(class).is_some());
        let in_order = names.is_none() && self.classes.len() == count;
        let number = |(at, class): (usize, &String)| match (by_number, in_order) {
            (true, _) => class.parse().ok(),
            (false, true) => Some(at),
            (false, false) => named(class),
        };
        let all = self.classes.iter().enumerate().map(number);
        let known = |number: Option<usize>| number.filter(|&number| number < count);
        all.map(|number| known(number).map(|number| number as u32))
            .collect()
    }
}

/// The class of each picture: what stands before the first `_` of its name, where every name has such a
/// part; else its first folder below `root`, where every one lies in such a folder.
fn told<'f>(root: &Path, files: &'f [PathBuf]) -> Result<Vec<&'f str>, DataError> {
    let prefixes: Option<Vec<&[u8]>> = files.iter().map(|file| prefix(file)).collect();
    let folders: Option<Vec<&[u8]>> = files.iter().map(|file| folder(root, file)).collect();
    let marked = |file: &PathBuf| name(file).contains(&b'_');
    let told = match (prefixes, folders) {
        // Names as a camera gives them tell nothing of folders that somebody made.
        (Some(prefixes), Some(folders)) if other(&prefixes).is_none() => match other(&folders) {
            Some(at) => return Err(unclear(files.get(at), Unclear::Folders)),
            None => prefixes,
        },
        (Some(prefixes), _) => prefixes,
        // One folder of names of which only some have a class was hardly made to be one class.
        (None, Some(folders)) if other(&folders).is_some() || !files.iter().any(marked) => folders,
        (None, _) if files.iter().any(marked) => {
            let file = files.iter().find(|file| prefix(file).is_none());
            return Err(unclear(file, Unclear::Name));
        }
        (None, _) => {
            let outside = |file: &&PathBuf| folder(root, file).is_none();
            let why = match files.iter().all(|file| outside(&file)) {
                true => Unclear::Nothing,
                false => Unclear::Neither,
            };
            return Err(unclear(files.iter().find(outside), why));
        }
    };
    let text =
        |(file, class)| str::from_utf8(class).map_err(|_| unclear(Some(file), Unclear::Text));
    files.iter().zip(told).map(text).collect()
}

fn unclear(file: Option<&PathBuf>, why: Unclear) -> DataError {
    debug_assert!(file.is_some(), "some picture is {why:?}");
    let path = file.cloned().unwrap_or_default();
    DataError::Unclear { path, why }
}

/// Where the first one is that differs from the very first.
fn other(all: &[&[u8]]) -> Option<usize> {
    let mut pairs = all.iter().zip(all.first().into_iter().cycle());
    pairs.position(|(one, first)| one != first)
}

fn name(file: &Path) -> &[u8] {
    file.file_name().map_or(&[], |name| name.as_encoded_bytes())
}

/// What stands before the first `_` of a file's name.
fn prefix(file: &Path) -> Option<&[u8]> {
    let name = name(file);
    let end = name.iter().position(|&byte| byte == b'_')?;
    name.get(..end).filter(|prefix| !prefix.is_empty())
}

/// The first folder below the root in which a file lies.
fn folder<'f>(root: &Path, file: &'f Path) -> Option<&'f [u8]> {
    let mut below = file.strip_prefix(root).ok()?.components();
    let first = below.next()?;
    // The last one is the file's own name.
    below.next().map(|_| first.as_os_str().as_encoded_bytes())
}

/// Whether all are numbers: names that are stand for nothing else.
fn are_numbers(classes: &[String]) -> bool {
    classes.iter().all(|class| is_number(class))
}

fn is_number(class: &str) -> bool {
    !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_digit())
}

/// The order of whole numbers of any length; of equal ones, that of their text.
fn numeric(number: &str) -> (usize, &str, &str) {
    let digits = number.trim_start_matches('0');
    (digits.len(), digits, number)
}
