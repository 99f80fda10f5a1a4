//! What the command line says, and the data that it names.

use std::path::{Path, PathBuf};

use clap::Parser;
use iddpm::checkpoint::locate;
use iddpm::data::{self, Classes, DataError, Dataset, Fit, Opened};
use iddpm::evaluate::{ClassifierConfig, Inception};
use iddpm::memory::{self, Bytes};
use iddpm::run::DrawError;
use iddpm::{Draw, Error, Model};

use super::data_options::DataOptions;
use super::judging::RESAMPLES;
use super::program::Failure;
use super::real::real;
use super::seed::Seed;
use super::threads::ThreadOptions;
use super::whole::whole;

/// Far above any size, and far below where a product of such numbers overflows.
const MANY: u64 = 1 << 20;

/// Judges samples by numbers: how many are of their class, and how far they are from real images.
#[derive(Parser)]
#[command(
    after_help = "A part of the real images trains a small classifier; the others, which it has not seen, are what samples are
compared with. Numbers of another classifier (other data, another seed) are of other features and cannot be
compared. A Fréchet distance is the larger the fewer images it is of: beside it stands that of as many real ones. Precision
and recall are of 3 neighbours, density and coverage of 5. The nearest real one is looked for among all of --real, in pixels:
samples far nearer to one than real ones are to each other were learnt by heart.

The file of --inception is not shipped. It holds TensorFlow's network of 2015 (classify_image_graph_def.pb), as ports to
PyTorch name its tensors: pt_inception-2015-12-05-6726825d.pth, released as fid_weights at
https://github.com/mseitzer/pytorch-fid, becomes such a file in Python by
  import torch, safetensors.torch
  weights = torch.load('pt_inception-2015-12-05-6726825d.pth')
  safetensors.torch.save_file(weights, 'inception.safetensors')
torchvision's own Inception is another network, and refused. The inception score is of all images at once."
)]
pub(crate) struct Options {
    /// The real images, with classes where a classifier is trained: a folder of pictures, an .npz archive, CIFAR-10's folder
    /// or one of its batches (.bin). A picture's class is its sub-folder (cat/1.png) or what stands before the first _ of its name
    /// (cat_1.png).
    #[arg(long, value_name = "DATA")]
    pub(crate) real: PathBuf,
    /// Sets of samples, each as DATA: pictures are fitted to its size, others must have it. Classes go by their names, or
    /// by DATA's numbers for them; samples without are compared without. A network's file, or a run of train, stands for
    /// samples that are drawn of it.
    #[arg(value_name = "SAMPLES")]
    pub(crate) samples: Vec<PathBuf>,
    /// How a network among SAMPLES draws, as sample has it: steps=50, method=ancestral, guidance=2, seed=7; each with its
    /// own --draw.
    #[arg(long, value_name = "WORD=VALUE", value_parser = word)]
    draw: Vec<(String, String)>,
    /// How many images a network among SAMPLES draws; as many as the real ones that they are compared with where none is
    /// given.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(6..=MANY))]
    pub(crate) count: Option<usize>,
    #[command(flatten)]
    pictures: DataOptions,
    /// The public evaluator's Inception-v3, in safetensors: it judges in the classifier's place, all real images are what is
    /// compared with, and the Fréchet distance is FID as that evaluator has it, the kernel distance KID.
    #[arg(long, value_name = "FILE")]
    pub(crate) inception: Option<PathBuf>,
    /// The share of the real images that the classifier is not trained on, 0.5 where none is given. With --inception, the
    /// share that shows what other real images come to, and is not compared with: none where none is given.
    #[arg(long, value_name = "SHARE", value_parser = real)]
    pub(crate) held_out: Option<f64>,
    /// Steps that the classifier is trained for.
    #[arg(long, conflicts_with = "inception", default_value_t = ClassifierConfig::default().steps, value_parser = whole::<u64>(1..=u64::MAX))]
    pub(crate) steps: u64,
    /// How often sets are drawn from again for the error of a distance.
    #[arg(long, value_name = "N", default_value_t = RESAMPLES, value_parser = whole::<usize>(2..=MANY))]
    pub(crate) resamples: usize,
    /// What the classifier's first weights and all draws follow from: a number, or random, which draws one and says
    /// it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) threads: ThreadOptions,
    /// A file for the same numbers as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// A word and its value.
fn word(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (word, value) = pair.ok_or_else(|| "not as WORD=VALUE".to_owned())?;
    Ok((word.into(), value.into()))
}

/// What is wrong with a drawing, by the words that it was told in.
fn of_draw(error: impl Into<Error>) -> Failure {
    match error.into() {
        Error::Draw(DrawError::Value { word, value, why }) => {
            format!("--draw {word}={value}: {why}").into()
        }
        error => format!("--draw {error}").into(),
    }
}

impl Options {
    /// What a network is told to draw, which it can.
    pub(crate) fn drawing(&self, model: &Model) -> Result<Draw, Failure> {
        let mut draw = Draw::new();
        for (word, value) in &self.draw {
            draw.set(word, value).map_err(of_draw)?;
        }
        draw.evaluations(model).map_err(of_draw)?;
        Ok(draw)
    }

    /// Refuses more images than there is memory for what Inception makes of them, before it makes anything.
    pub(crate) fn check_memory(
        &self,
        real: usize,
        samples: impl Iterator<Item = usize>,
    ) -> Result<(), Failure> {
        if self.inception.is_none() {
            return Ok(());
        }
        let images = samples.fold(real, usize::saturating_add);
        let needed = memory::check(Inception::needs(images));
        needed.map_err(|error| {
            let (bytes, free) = (Bytes(error.bytes), Bytes(error.available.unwrap_or(0)));
            format!("--inception: what it makes of {images} images takes {bytes}, and {free} are free: fewer images").into()
        })
    }

    /// The real images, with their own classes.
    pub(crate) fn open_real(&self) -> Result<Opened, Failure> {
        let given = self.pictures.given();
        let options = data::Options {
            fit: self.pictures.fit(&given),
            classes: Classes::Own,
            alpha: self.pictures.alpha,
        };
        let opened = data::open(&self.real, &options);
        opened.map_err(|error| self.pictures.explain("--real", error))
    }

    /// A set of samples, as large as the real images, with their numbers for classes.
    pub(crate) fn open_samples(&self, path: &Path, real: &dyn Dataset) -> Result<Opened, Failure> {
        let open = |alpha| {
            let options = data::Options {
                fit: Fit::Exactly(real.extents()),
                classes: Classes::of_network(real.classes(), real.class_names(), false),
                alpha,
            };
            data::open(path, &options)
        };
        let opened = match open(self.pictures.alpha) {
            // Of what has no transparency there is nothing to say.
            Err(DataError::Opaque { .. }) => open(None),
            opened => opened,
        };
        opened.map_err(|error| match (&error, locate(path)) {
            // Such as the folder of a chain of students.
            (DataError::EmptyFolder { .. }, Err(of_network)) => of_network.into(),
            _ => format!("samples {error}").into(),
        })
    }
}
