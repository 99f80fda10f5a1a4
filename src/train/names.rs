//! The names in the folder of a run, beside its states. Other names are somebody else's: never counted,
//! renamed or removed.

use std::format;
use std::fs;
use std::path::Path;
use std::string::String;

use crate::checkpoint::states::{STATE, name_of, step_of};

/// A folder that a save leaves behind where it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left {
    /// Not yet a state.
    Fresh,
    /// None any more.
    Old,
}

impl Left {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Fresh => ".fresh-",
            Self::Old => ".old-",
        }
    }

    /// Its name: `.old-step-00000012`, or with `.1` and on behind it where that is somebody else's.
    pub(super) fn name(self, step: u64, attempt: u32) -> String {
        let name = format!("{}{}", self.prefix(), name_of(step));
        match attempt {
            0 => name,
            attempt => format!("{name}.{attempt}"),
        }
    }

    fn has_name(self, name: &str) -> bool {
        let named = || {
            let of_state = name.strip_prefix(self.prefix())?;
            let (of_state, attempt) = match of_state.split_once('.') {
                Some((of_state, attempt)) => (of_state, attempt.parse().ok()?),
                None => (of_state, 0),
            };
            Some(self.name(step_of(of_state)?, attempt))
        };
        named().is_some_and(|named| named == name)
    }
}

/// Whether this is a folder that a killed save has left: by its name, and by what is in it.
pub(super) fn is_left(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let named = name.is_some_and(|name| Left::Fresh.has_name(name) || Left::Old.has_name(name));
    // A link is none of ours, wherever it leads.
    let folder = path.symlink_metadata().is_ok_and(|about| about.is_dir());
    named && folder && holds_a_state_alone(path)
}

/// Whether nothing but files of a state is in a folder, be it all of them or few.
fn holds_a_state_alone(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let mut names = entries.map(|entry| entry.ok()?.file_name().into_string().ok());
    let ours = |name: &str| {
        let temporary = name.starts_with('.') && name.ends_with(".tmp");
        name == STATE || name.ends_with(".safetensors") || temporary
    };
    names.all(|name| name.is_some_and(|name| ours(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_as_they_are_written_and_no_others() {
        for step in [0, 7, 12_345_678, 123_456_789, u64::MAX] {
            for left in [Left::Fresh, Left::Old] {
                assert!([0, 1, 12].map(|at| left.has_name(&left.name(step, at))) == [true; 3]);
            }
        }
        for other in [
            ".fresh-step-3",
            ".fresh-step-00000003.0",
            ".fresh-step-00000003.01",
            ".fresh-step-00000003.x",
            ".fresh-step-00000003.",
            ".fresh-step-00000003.1.1",
            ".old-00000003",
            "old-step-00000003",
        ] {
            let named = Left::Fresh.has_name(other) || Left::Old.has_name(other);
            assert!(!named, "{other}");
        }
    }
}
