//! A sampler's cursor as plain data: 24 bytes that can be saved with a game.

use super::error::{Error, Slice};
use super::fingerprint::Fingerprint;
use super::linear::check_finite;

/// The state of a run's cursor: where it stands, and which configuration it belongs to.
///
/// With x_t, the history of a multistep method and the noise seed it is the whole of a paused
/// generation.
///
/// ```
/// use iddpm::diffusion::SamplerState;
/// let state = SamplerState { fingerprint: 7, position: 12 };
/// assert_eq!(SamplerState::from_bytes(&state.to_bytes())?, state);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SamplerState {
    /// A digest of the process, the method and the clipping.
    pub fingerprint: u64,
    /// The number of evaluations that were applied.
    pub position: u32,
}

const MAGIC: [u8; 4] = *b"iDDs";
const VERSION: u32 = 1;

impl SamplerState {
    /// The length in bytes of [`to_bytes`](Self::to_bytes).
    pub const BYTES: usize = 24;

    /// Returns the state as bytes, little-endian: `iDDs`, version, fingerprint, position, and a checksum of
    /// these.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let content = MAGIC
            .into_iter()
            .chain(VERSION.to_le_bytes())
            .chain(self.fingerprint.to_le_bytes())
            .chain(self.position.to_le_bytes());
        for (byte, value) in bytes.iter_mut().zip(content) {
            *byte = value;
        }
        if let Some((content, checksum)) = bytes.split_last_chunk_mut::<4>() {
            *checksum = self::checksum(content).to_le_bytes();
        }
        bytes
    }

    /// Reads a state from what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Error::StateLength`], [`Error::StateCorrupt`], [`Error::StateVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let length = Error::StateLength {
            len: bytes.len(),
            expected: Self::BYTES,
        };
        let bytes: &[u8; Self::BYTES] = bytes.try_into().map_err(|_| length)?;
        let (content, stored) = bytes.split_last_chunk::<4>().ok_or(length)?;
        let (magic, content_rest) = content.split_first_chunk::<4>().ok_or(length)?;
        let (version, rest) = content_rest.split_first_chunk::<4>().ok_or(length)?;
        let (fingerprint, rest) = rest.split_first_chunk::<8>().ok_or(length)?;
        let (position, _) = rest.split_first_chunk::<4>().ok_or(length)?;
        let (stored, computed) = (u32::from_le_bytes(*stored), checksum(content));
        if stored != computed || *magic != MAGIC {
            return Err(Error::StateCorrupt { stored, computed });
        }
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(Error::StateVersion {
                version,
                supported: VERSION,
            });
        }
        Ok(Self {
            fingerprint: u64::from_le_bytes(*fingerprint),
            position: u32::from_le_bytes(*position),
        })
    }

    /// Checks that the state is of a run of this fingerprint and so many evaluations.
    pub(crate) const fn check_run(self, expected: u64, len: u32) -> Result<(), Error> {
        let Self {
            fingerprint: saved,
            position,
        } = self;
        if saved != expected {
            return Err(Error::StateMismatch { saved, expected });
        }
        if position > len {
            return Err(Error::PositionOutOfRange { position, len });
        }
        Ok(())
    }

    /// Checks that the x saved beside this state, and the history once a step was applied, are what a
    /// step can have left.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub fn check(self, x: &[f32], history: &[f32]) -> Result<(), Error> {
        check_finite(Slice::X, x, &[])?;
        match self.position {
            0 => Ok(()),
            _ => check_finite(Slice::History, history, &[]),
        }
    }
}

fn checksum(content: &[u8]) -> u32 {
    let mut print = Fingerprint::new();
    print.add_bytes(content);
    let digest = print.finish();
    (digest ^ (digest >> 32)) as u32
}
