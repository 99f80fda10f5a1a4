//! The description of a checkpoint: what it says of itself, and how that is kept in the metadata of the
//! file.
//!
//! | key | value |
//! |---|---|
//! | `iddpm.format` | 1 |
//! | `iddpm.unet` | [`UnetConfig`] |
//! | `iddpm.size` | [`ImageSize`] |
//! | `iddpm.diffusion` | [`Diffusion`] |
//! | `iddpm.weights` | [`WeightSet`] |
//! | `iddpm.step` | training steps taken |
//! | `iddpm.grid` | the timesteps of a distilled network: [`Grid`] |
//! | `iddpm.classes` | what the classes are called, where that is known |
//! | `iddpm.content` | [`Content`], where it is not the weights of a network |
//!
//! Each value is JSON. All but the last three are needed; a field that is unknown or left out is an error, because a
//! network run with another flag than it was trained with gives noise, and no message.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;

use super::error::CheckpointError;
use crate::diffusion::{Diffusion, Grid, ModelCard, Schedule, WeightSet};
pub use crate::unet::ImageSize;
use crate::unet::{Extents, Graph, UnetConfig};

pub use super::content::Content;

/// The newest format of the metadata.
pub const FORMAT: u64 = 1;

/// Longest value that is read: 65536 classes may have names of 60 letters.
const VALUE: usize = 1 << 22;

/// Keys that begin with this are this crate's.
const PREFIX: &str = "iddpm.";
const FORMAT_KEY: &str = "iddpm.format";
pub(crate) const UNET: &str = "iddpm.unet";
pub(crate) const SIZE: &str = "iddpm.size";
pub(crate) const DIFFUSION: &str = "iddpm.diffusion";
const WEIGHTS: &str = "iddpm.weights";
pub(crate) const STEP: &str = "iddpm.step";
pub(crate) const GRID: &str = "iddpm.grid";
const CLASSES: &str = "iddpm.classes";
const CONTENT: &str = "iddpm.content";

impl Content {
    /// What a file says that it is; `None` where it does not say it.
    pub(super) fn said(
        metadata: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, CheckpointError> {
        read_if_there(metadata, CONTENT)
    }
}

/// The description of a checkpoint: all that must be known of weights to use them.
///
/// ```
/// use iddpm::checkpoint::{Description, ImageSize};
/// use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
/// use iddpm::unet::UnetConfig;
///
/// let unet = UnetConfig::new(1, 32).with_learned_variance();
/// let card = ModelCard {
///     diffusion: Diffusion::new(Schedule::Cosine, 1000),
///     weights: WeightSet::Ema { rate: 0.999 },
///     step: 20_000,
/// };
/// let description = Description::new(unet, ImageSize::square(8), card);
/// assert_eq!(description.graph(2)?.batch(), 2);
/// // The metadata of a file, and back.
/// assert_eq!(Description::from_metadata(&description.to_metadata()?)?, description);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The options of the network.
    pub unet: UnetConfig,
    /// The size of the network's images.
    pub size: ImageSize,
    /// The diffusion it was trained on, which weights these are, and when they were taken.
    pub card: ModelCard<'static>,
    /// The timesteps that a distilled network knows, and draws in; `None` for a network that knows all.
    pub grid: Option<Grid>,
    /// The names of the classes, by their numbers, where they are known.
    pub class_names: Option<Vec<String>>,
    /// The content of the file: for a network the weights.
    pub content: Content,
    /// Other metadata, kept as it is; no key begins with `iddpm.`.
    pub notes: BTreeMap<String, String>,
}

impl Description {
    /// Describes weights of a network that knows all timesteps, without names of classes and without notes.
    pub const fn new(unet: UnetConfig, size: ImageSize, card: ModelCard<'static>) -> Self {
        Self {
            unet,
            size,
            card,
            grid: None,
            class_names: None,
            content: Content::Weights,
            notes: BTreeMap::new(),
        }
    }

    /// The channels and sides of the network's images.
    pub const fn image(&self) -> Extents {
        Extents {
            channels: self.unet.in_channels,
            height: self.size.height,
            width: self.size.width,
        }
    }

    /// Builds the network for so many images at once, once all of the description is found consistent.
    ///
    /// # Errors
    /// [`CheckpointError::Config`], [`CheckpointError::Diffusion`],
    /// [`CheckpointError::OutChannels`], [`CheckpointError::LowRes`], [`CheckpointError::EmaRate`],
    /// [`CheckpointError::ClassNames`].
    pub fn graph(&self, batch: usize) -> Result<Graph, CheckpointError> {
        self.check()?;
        Ok(self.unet.graph(batch, self.size)?)
    }

    fn check(&self) -> Result<(), CheckpointError> {
        self.unet.validate()?;
        let Diffusion {
            schedule,
            num_timesteps,
            zero_terminal_snr,
            prediction,
            variance,
            ..
        } = self.card.diffusion;
        schedule.levels(num_timesteps, zero_terminal_snr)?;
        if zero_terminal_snr && prediction == crate::diffusion::Prediction::Epsilon {
            let index = num_timesteps as usize - 1;
            return Err(crate::diffusion::Error::ZeroTerminalSnr { index }.into());
        }
        let expected = self.unet.in_channels * if variance.is_learned() { 2 } else { 1 };
        if self.unet.out_channels != expected {
            return Err(CheckpointError::OutChannels {
                found: self.unet.out_channels,
                expected,
            });
        }
        if let Some(grid) = &self.grid {
            grid.process(&self.card.diffusion)?;
            let last = self.card.diffusion.num_timesteps.saturating_sub(1);
            if let Some(first) = grid.timesteps().first().filter(|&&first| first != last) {
                return Err(CheckpointError::Metadata {
                    key: GRID,
                    reason: format!(
                        "begins with timestep {first}, must with {last}, where there is noise alone"
                    ),
                });
            }
        }
        if self.unet.super_resolution != self.size.low_res.is_some() {
            return Err(CheckpointError::LowRes {
                needed: self.unet.super_resolution,
            });
        }
        // Absent: no classes.
        let classes = self.unet.num_classes.unwrap_or(0);
        if let Some(names) = &self.class_names
            && names.len() != classes
        {
            return Err(CheckpointError::ClassNames {
                found: names.len(),
                expected: classes,
            });
        }
        match self.card.weights {
            WeightSet::Ema { rate } if !(0.0..=1.0).contains(&rate) => {
                Err(CheckpointError::EmaRate { rate })
            }
            WeightSet::Ema { .. } | WeightSet::Raw => Ok(()),
        }
    }

    /// Reads a description from the metadata of a file.
    ///
    /// # Errors
    /// [`CheckpointError::Bare`] where none of the keys is there; a key that is missing, unknown or
    /// cannot be read; [`CheckpointError::Version`]; those of [`graph`](Self::graph).
    pub fn from_metadata(metadata: &BTreeMap<String, String>) -> Result<Self, CheckpointError> {
        if !metadata.keys().any(|key| key.starts_with(PREFIX)) {
            return Err(CheckpointError::Bare);
        }
        // The format first: of another, nothing else can be said.
        let version: u64 = read(metadata, FORMAT_KEY)?;
        if version == 0 || version > FORMAT {
            return Err(CheckpointError::Version {
                version,
                supported: FORMAT,
            });
        }
        let needed = [FORMAT_KEY, UNET, SIZE, DIFFUSION, WEIGHTS, STEP];
        let known = [&needed[..], &[GRID, CLASSES, CONTENT]].concat();
        let mut notes = BTreeMap::new();
        for (key, value) in metadata {
            if !key.starts_with(PREFIX) {
                notes.insert(key.clone(), value.clone());
            } else if !known.contains(&key.as_str()) {
                return Err(CheckpointError::UnknownMetadata { key: key.clone() });
            }
        }
        let description = Self {
            unet: read(metadata, UNET)?,
            size: read(metadata, SIZE)?,
            card: ModelCard {
                diffusion: read(metadata, DIFFUSION)?,
                weights: read(metadata, WEIGHTS)?,
                step: read(metadata, STEP)?,
            },
            grid: read_if_there(metadata, GRID)?,
            class_names: read_if_there(metadata, CLASSES)?,
            // Unsaid: weights.
            content: Content::said(metadata)?.unwrap_or_default(),
            notes,
        };
        description.check()?;
        Ok(description)
    }

    /// Returns the description as the metadata of a file.
    ///
    /// # Errors
    /// [`CheckpointError::ScheduleIsTable`]; [`CheckpointError::UnknownMetadata`] for a note whose
    /// key begins with `iddpm.`; those of [`graph`](Self::graph).
    pub fn to_metadata(&self) -> Result<BTreeMap<String, String>, CheckpointError> {
        self.check()?;
        if let Schedule::Betas(_) | Schedule::AlphaBars(_) = self.card.diffusion.schedule {
            return Err(CheckpointError::ScheduleIsTable);
        }
        if let Some(key) = self.notes.keys().find(|key| key.starts_with(PREFIX)) {
            return Err(CheckpointError::UnknownMetadata { key: key.clone() });
        }
        let mut metadata = self.notes.clone();
        let mut add = |key: &'static str, value| match value {
            Ok(value) => {
                metadata.insert(key.into(), value);
                Ok(())
            }
            Err(error) => Err(unreadable(key, &error)),
        };
        add(FORMAT_KEY, serde_json::to_string(&FORMAT))?;
        add(UNET, serde_json::to_string(&self.unet))?;
        add(SIZE, serde_json::to_string(&self.size))?;
        add(DIFFUSION, serde_json::to_string(&self.card.diffusion))?;
        add(WEIGHTS, serde_json::to_string(&self.card.weights))?;
        add(STEP, serde_json::to_string(&self.card.step))?;
        if let Some(grid) = &self.grid {
            add(GRID, serde_json::to_string(grid))?;
        }
        if let Some(names) = &self.class_names {
            add(CLASSES, serde_json::to_string(names))?;
        }
        // Networks are written as they were before there were files of anything else.
        if self.content != Content::Weights {
            add(CONTENT, serde_json::to_string(&self.content))?;
        }
        Ok(metadata)
    }
}

fn unreadable(key: &'static str, error: &serde_json::Error) -> CheckpointError {
    CheckpointError::Metadata {
        key,
        reason: error.to_string(),
    }
}

/// `None` where the key is not there.
fn read_if_there<'m, T: Deserialize<'m>>(
    metadata: &'m BTreeMap<String, String>,
    key: &'static str,
) -> Result<Option<T>, CheckpointError> {
    match metadata.contains_key(key) {
        true => read(metadata, key).map(Some),
        false => Ok(None),
    }
}

fn read<'m, T: Deserialize<'m>>(
    metadata: &'m BTreeMap<String, String>,
    key: &'static str,
) -> Result<T, CheckpointError> {
    let Some(value) = metadata.get(key) else {
        return Err(CheckpointError::MissingMetadata { key });
    };
    if value.len() > VALUE {
        let reason = format!("{} bytes; at most {VALUE} are read", value.len());
        return Err(CheckpointError::Metadata { key, reason });
    }
    serde_json::from_str(value).map_err(|error| unreadable(key, &error))
}
