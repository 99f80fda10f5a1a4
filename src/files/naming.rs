//! The names of pictures in a folder, by which their classes are read again.

use std::format;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

/// A scheme of names for pictures, from which `data::Listing` tells their classes.
///
/// ```
/// use iddpm::files::Naming;
/// use std::path::Path;
/// let names = ["cat", "sea lion"].map(String::from);
/// assert_eq!(Naming::new(Some(&names)).path(Some(1), 7), Path::new("sea lion_000007.png"));
/// assert_eq!(Naming::new(None).path(Some(1), 7), Path::new("1_000007.png"));
/// assert_eq!(Naming::new(None).path(None, 7), Path::new("000007.png"));
/// let names = ["cat", "sea_lion"].map(String::from);
/// assert_eq!(Naming::new(Some(&names)).path(Some(0), 7), Path::new("cat/000007.png"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Of the classes; none where numbers stand for them.
    names: Vec<String>,
    /// Whether each class has a folder.
    folders: bool,
}

impl Naming {
    /// Begins a scheme for pictures of classes with these names, where they are known.
    ///
    /// A class is called by its name, before a `_`, or as a folder where some name has a `_` itself; by
    /// its number where some name is none that every system takes for a file, or two differ in capitals
    /// alone.
    pub fn new(classes: Option<&[String]>) -> Self {
        // Unknown: none.
        let names = classes.unwrap_or_default();
        let mut lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        lower.sort_unstable();
        lower.dedup();
        let sound = lower.len() == names.len() && names.iter().all(|name| is_sound(name));
        let names = if sound { names.to_vec() } else { Vec::new() };
        let folders = names.iter().any(|name| name.contains('_'));
        Self { names, folders }
    }

    /// Returns the path of a picture of this class below the folder: a PNG.
    pub fn path(&self, label: Option<u32>, number: u64) -> PathBuf {
        let Some(label) = label else {
            return format!("{number:06}.png").into();
        };
        let name = self.names.get(label as usize);
        match name {
            Some(name) if self.folders => format!("{name}/{number:06}.png"),
            Some(name) => format!("{name}_{number:06}.png"),
            None => format!("{label}_{number:06}.png"),
        }
        .into()
    }
}

/// Whether a name can be part of a file's on every system, and is listed again.
fn is_sound(name: &str) -> bool {
    let taken = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let ends = name.ends_with(['.', ' ']) || name.starts_with(['.', ' ', '_']);
    (1..=100).contains(&name.len()) && !ends && !name.contains(taken) && name != "__MACOSX"
}
