//! Memory that may be refused: how much is asked for, how much there is, and buffers that are an error
//! where there is not enough.
//!
//! What a network needs is known before any of it is made (`Network::needs`, `Gradients::needs`,
//! `CpuEngine::needs`, …), compared with what is [free](available), and refused with both numbers.

use core::fmt;

#[cfg_attr(feature = "std", path = "free_system.rs")]
#[cfg_attr(not(feature = "std"), path = "free_unknown.rs")]
mod free;

#[cfg(any(
    all(feature = "alloc", feature = "cpu"),
    feature = "checkpoint",
    feature = "data"
))]
mod buffers;

#[cfg(feature = "checkpoint")]
pub(crate) use buffers::extend;
#[cfg(any(feature = "data", feature = "run"))]
pub(crate) use buffers::reserve;
#[cfg(any(all(feature = "alloc", feature = "cpu"), feature = "checkpoint"))]
pub(crate) use buffers::zeros;
#[cfg(all(feature = "alloc", feature = "cpu"))]
pub(crate) use buffers::{collected, copied};
pub use free::available;

/// The error of memory: more was asked for than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MemoryError {
    /// The number of bytes that are needed.
    pub bytes: u64,
    /// The number of bytes that are free, where that is known and less.
    pub available: Option<u64>,
}

impl core::error::Error for MemoryError {}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, available } = *self;
        write!(f, "{} of memory are needed, and ", Bytes(bytes))?;
        match available {
            Some(available) => write!(f, "{} are free", Bytes(available))?,
            None => write!(f, "the system does not give that much")?,
        }
        f.write_str(": smaller images, a smaller batch, fewer channels or timesteps need less")
    }
}

/// Checks that there is memory for so many bytes: refuses more than is [free](available), and nothing where
/// that is not known.
///
/// ```
/// use iddpm::memory;
/// assert!(memory::check(1).is_ok());
/// if let Err(error) = memory::check(u64::MAX) {
///     println!("{error}");
/// }
/// ```
///
/// # Errors
/// [`MemoryError`] with both numbers.
pub fn check(bytes: u64) -> Result<(), MemoryError> {
    let available = available();
    match available {
        Some(free) if bytes > free => Err(MemoryError { bytes, available }),
        _ => Ok(()),
    }
}

/// Bytes of so many numbers; [`u64::MAX`] where they are more.
#[cfg(all(feature = "alloc", feature = "cpu"))]
pub(crate) const fn bytes_of<T>(numbers: usize) -> u64 {
    (numbers as u64).saturating_mul(size_of::<T>() as u64)
}

/// A number of bytes as a text: `129 GB (129,234,567,168 bytes)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
        let sizes = units
            .iter()
            .zip(1..)
            .map(|(unit, power)| (unit, 1000_u64.pow(power)));
        let Some((unit, size)) = sizes.take_while(|&(_, size)| bytes >= size).last() else {
            return write!(f, "{bytes} bytes");
        };
        // Rounded to a tenth, which is written below 10.
        let tenths = (u128::from(bytes) * 10 + u128::from(size) / 2) / u128::from(size);
        match tenths {
            ..100 => write!(f, "{}.{}", tenths / 10, tenths % 10)?,
            _ => write!(
                f,
                "{}",
                (u128::from(bytes) + u128::from(size) / 2) / u128::from(size)
            )?,
        }
        write!(f, " {unit} ({} bytes)", Grouped(bytes))
    }
}

/// A number with a comma before every three digits.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1000, self.0 % 1000) {
            (0, rest) => write!(f, "{rest}"),
            (more, rest) => write!(f, "{},{rest:03}", Self(more)),
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::string::ToString;
    use std::{assert, assert_eq};

    use super::{Bytes, MemoryError};

    #[test]
    fn bytes_as_text() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB (1,000 bytes)"),
            (9_949, "9.9 kB (9,949 bytes)"),
            (9_950, "10 kB (9,950 bytes)"),
            (8_136_192_064, "8.1 GB (8,136,192,064 bytes)"),
            (129_234_567_168, "129 GB (129,234,567,168 bytes)"),
            (u64::MAX, "18 EB (18,446,744,073,709,551,615 bytes)"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn both_numbers_are_said() {
        let error = |available| MemoryError {
            bytes: 4_100_000_000,
            available,
        };
        let text = error(Some(3_000_000_001)).to_string();
        assert!(text.starts_with(
            "4.1 GB (4,100,000,000 bytes) of memory are needed, and 3.0 GB (3,000,000,001 bytes) are free"
        ));
        assert!(error(None).to_string().contains("does not give"));
    }
}
