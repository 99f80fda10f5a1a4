//! The network that is drawn with.

use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::sync::{Arc, OnceLock};
use std::vec::Vec;

use super::error::DrawError;
use crate::Error;
use crate::checkpoint::description::{DIFFUSION, GRID, SIZE, UNET};
use crate::checkpoint::{Checkpoint, Description, WeightBuffer, WeightType, locate};
use crate::diffusion::Sample;
use crate::diffusion::fingerprint::Fingerprint;
use crate::memory::{MemoryError, collected};
use crate::text::OneLine;
use crate::unet::{Extents, Wrap};

/// A trained network with everything that is known of it: its weights, what it was trained on, its classes.
///
/// A clone shares the weights.
///
/// ```
/// use iddpm::Model;
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32.safetensors"
/// # )
/// );
/// let model = Model::from_bytes(file)?;
/// assert_eq!(model.class_names()[10], "sword");
/// assert_eq!(model.class("sword")?, 10);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    checkpoint: Arc<Checkpoint>,
    look: Arc<Look>,
    /// How the weights were asked to be held.
    weight_type: WeightType,
    path: Option<PathBuf>,
    notes: Vec<String>,
    fingerprint: Arc<OnceLock<u64>>,
}

impl Model {
    /// Opens a checkpoint, or the newest average of a training run's folder.
    ///
    /// # Errors
    /// Those of [`locate()`] and of [`Checkpoint::open`], which name the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_as(path, WeightType::AsStored)
    }

    /// Opens a model as [`open`](Self::open), and holds its weights in this type.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); [`CheckpointError`](crate::checkpoint::CheckpointError) where a weight does
    /// not fit into f16.
    pub fn open_as(path: impl AsRef<Path>, weight_type: WeightType) -> Result<Self, Error> {
        let located = locate(path)?;
        let checkpoint = Checkpoint::open(&located.path, weight_type)?;
        let mut model = Self::of(checkpoint, weight_type);
        let path = located.path.display();
        let named = |note: &mut String| *note = std::format!("{path}: {note}");
        model.notes.iter_mut().for_each(named);
        model.notes.splice(0..0, located.note);
        model.path = Some(located.path);
        Ok(model)
    }

    /// Reads a model whose file is in memory, such as one embedded in a game by `include_bytes!`.
    ///
    /// # Errors
    /// Those of [`Checkpoint::from_bytes`].
    pub fn from_bytes(file: &[u8]) -> Result<Self, Error> {
        Self::from_bytes_as(file, WeightType::AsStored)
    }

    /// Reads a model as [`from_bytes`](Self::from_bytes), and holds its weights in this type.
    ///
    /// # Errors
    /// Those of [`Checkpoint::from_bytes`].
    pub fn from_bytes_as(file: &[u8], weight_type: WeightType) -> Result<Self, Error> {
        let checkpoint = Checkpoint::from_bytes(file, weight_type)?;
        Ok(Self::of(checkpoint, weight_type))
    }

    fn of(checkpoint: Checkpoint, weight_type: WeightType) -> Self {
        Self {
            look: Arc::new(Look::of(checkpoint.description())),
            notes: checkpoint.note().map(String::from).into_iter().collect(),
            checkpoint: Arc::new(checkpoint),
            weight_type,
            path: None,
            fingerprint: Arc::default(),
        }
    }

    /// The file that was opened; `None` for one that was in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Notes that a user must see: which file of a run was opened, what was done to the names of its tensors.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The checkpoint: the floor below, with its graph and weights.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How the weights were asked to be held.
    pub const fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    /// The description of the network and of what it was trained on.
    pub fn description(&self) -> &Description {
        self.checkpoint.description()
    }

    /// The size of an image: channels, height, width.
    pub fn image(&self) -> Extents {
        self.description().image()
    }

    /// Width and height of the images that the network enlarges; `None` where it enlarges none.
    pub fn low_res(&self) -> Option<(usize, usize)> {
        let description = self.description();
        let same = (description.size.height, description.size.width);
        let (height, width) = description.size.low_res.unwrap_or(same);
        description.unet.super_resolution.then_some((width, height))
    }

    /// The number of classes; 0 for a network without.
    pub fn classes(&self) -> usize {
        self.description().unet.num_classes.unwrap_or(0)
    }

    /// The names of the classes; none where they have numbers alone.
    pub fn class_names(&self) -> &[String] {
        match &self.description().class_names {
            Some(names) => names,
            None => &[],
        }
    }

    /// The number of images beside each other in a grid: the classes where they fit, so that each has its column.
    pub fn columns(&self) -> usize {
        self.look.columns
    }

    pub(super) const fn look(&self) -> &Arc<Look> {
        &self.look
    }

    /// Finds a class by its name, or by its number; where every name is a number, by its name alone.
    ///
    /// # Errors
    /// [`DrawError::Class`], [`DrawError::NoClasses`].
    pub fn class(&self, class: &str) -> Result<u32, DrawError> {
        let names = self.class_names();
        let classes = self.classes();
        if classes == 0 {
            return Err(DrawError::NoClasses);
        }
        let named = names.iter().position(|name| name == class);
        let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let counted = names.is_empty() || !names.iter().all(|name| is_number(name));
        let number = || {
            class
                .parse()
                .ok()
                .filter(|&number: &usize| counted && number < classes)
        };
        if let Some(found) = named.or_else(number) {
            return Ok(found as u32);
        }
        let numbers = counted.then(|| std::format!("0 to {}", classes - 1));
        let names = names.iter().map(|name| OneLine(name).to_string());
        Err(DrawError::Class {
            class: class.into(),
            known: numbers.into_iter().chain(names).collect(),
        })
    }

    /// The images as the network is told of them: of no class is the null class's label, where it has that.
    pub(super) fn conditioned(&self, samples: &[Sample]) -> Result<Vec<Sample>, MemoryError> {
        let null = self.description().unet.null_label();
        let told = samples.iter().map(|&sample| Sample {
            label: sample.label.or(null),
            ..sample
        });
        collected(samples.len(), told)
    }

    /// Refuses images of classes that the network does not have, and those of none where it has some and no null
    /// class.
    pub(super) fn check_labels(&self, samples: &[Sample]) -> Result<(), DrawError> {
        let unet = &self.description().unet;
        let (classes, labels) = (self.classes(), unet.labels().unwrap_or(0) as u64);
        let fits = |label: Option<u32>| match label {
            Some(label) => u64::from(label) < labels,
            None => classes == 0 || unet.null_class,
        };
        let Some(Sample { number, label, .. }) = samples.iter().find(|it| !fits(it.label)) else {
            return Ok(());
        };
        let of = match label {
            Some(_) => "of it",
            None => "of no class",
        };
        let label = label.map_or("none".into(), |label| label.to_string());
        let why = std::format!("image {number} is {of}, and this network has {classes} classes");
        Err(DrawError::value("class", label, why))
    }

    /// Refuses images that go round of a network that enlarges: what it enlarges is resized as an image with edges is.
    pub(super) fn check_wrap(&self, wrap: Wrap) -> Result<(), DrawError> {
        if wrap == Wrap::None || self.low_res().is_none() {
            return Ok(());
        }
        let why = "this network enlarges images, which have edges";
        Err(DrawError::value("wrap", wrap, why))
    }

    /// A digest of the network, the diffusion that it was trained on and its weights, by which a saved run knows its
    /// own: the same however the weights are held, where no precision was lost. The first time all weights are read.
    ///
    /// # Errors
    /// [`CheckpointError`](crate::checkpoint::CheckpointError) where the description cannot be written.
    pub fn fingerprint(&self) -> Result<u64, Error> {
        if let Some(&known) = self.fingerprint.get() {
            return Ok(known);
        }
        let mut print = Fingerprint::new();
        let metadata = self.description().to_metadata()?;
        // Neither what its classes are called nor a note makes it another.
        for key in [UNET, SIZE, DIFFUSION] {
            let value = metadata.get(key).map_or("", String::as_str);
            print.add_u64(value.len() as u64);
            print.add_bytes(value.as_bytes());
        }
        // Only of a distilled network: prints of others are what they were.
        if let Some(grid) = metadata.get(GRID) {
            print.add_bytes(grid.as_bytes());
        }
        match self.checkpoint.buffer() {
            WeightBuffer::F32(numbers) => {
                numbers.iter().for_each(|&number| add(&mut print, number))
            }
            WeightBuffer::F16(halves) => {
                let numbers = halves
                    .iter()
                    .map(|&bits| half::f16::from_bits(bits).to_f32());
                numbers.for_each(|number| add(&mut print, number));
            }
        }
        Ok(*self.fingerprint.get_or_init(|| print.finish()))
    }
}

/// What images of a model look like in pictures: it outlives the model's weights.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) image: Extents,
    classes: Option<usize>,
    /// Images beside each other in a grid.
    pub(super) columns: usize,
    pub(super) class_names: Option<Vec<String>>,
}

impl Look {
    /// The same for images of another size.
    pub(super) fn of_size(&self, image: Extents) -> Self {
        Self {
            image,
            classes: self.classes,
            columns: self.columns,
            class_names: self.class_names.clone(),
        }
    }

    fn of(description: &Description) -> Self {
        let classes = description.unet.num_classes;
        Self {
            image: description.image(),
            classes,
            columns: classes.filter(|n| (2..=16).contains(n)).unwrap_or(10),
            class_names: description.class_names.clone(),
        }
    }

    /// What the classes are, in words.
    pub(super) fn classes_shown(&self) -> String {
        let names = self.class_names.iter().flatten();
        let names: Vec<String> = names.map(|name| OneLine(name).to_string()).collect();
        match (self.classes.unwrap_or(0), names.join(", ")) {
            (0, _) => "a network without classes".into(),
            (count, names) if names.is_empty() => std::format!("a network of {count} classes"),
            (count, names) => std::format!("a network of {count} classes ({names})"),
        }
    }
}

fn add(print: &mut Fingerprint, number: f32) {
    print.add_bytes(&number.to_bits().to_le_bytes());
}

impl From<Checkpoint> for Model {
    fn from(checkpoint: Checkpoint) -> Self {
        Self::of(checkpoint, WeightType::AsStored)
    }
}
