//! The data that a run is trained on, known again when it goes on.

use core::fmt;
use std::sync::Arc;

use crate::data::{Broken, DataError, Dataset};

/// A data set, and the digest by which a run knows it again.
///
/// ```
/// use std::sync::Arc;
/// use iddpm::data::Images;
/// use iddpm::train::{Broken, TrainingData};
/// use iddpm::unet::Extents;
/// let extents = Extents { channels: 1, height: 8, width: 8 };
/// let images = Images::new(extents, vec![128; 4 * 64], None, None)?;
/// let data = TrainingData::new(Arc::new(images), Broken::Fatal)?;
/// assert_eq!(data.len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TrainingData {
    set: Arc<dyn Dataset>,
    fingerprint: u64,
}

impl TrainingData {
    /// Reads all of a data set once, for its [fingerprint](Dataset::fingerprint).
    ///
    /// # Errors
    /// That of an example that cannot be read, where a broken one is fatal.
    pub fn new(set: Arc<dyn Dataset>, broken: Broken) -> Result<Self, DataError> {
        let fingerprint = set.fingerprint(broken)?;
        Ok(Self { set, fingerprint })
    }

    /// The data set itself.
    pub const fn set(&self) -> &Arc<dyn Dataset> {
        &self.set
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The digest by which a run knows the data again.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl fmt::Debug for TrainingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, fingerprint) = (self.len(), self.fingerprint);
        write!(f, "TrainingData({len} images, {fingerprint:016x})")
    }
}
