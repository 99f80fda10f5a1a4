//! The students of a chain and their first teacher, judged by what they draw: as `evaluate` does it, with one classifier
//! for all of them. What was judged is kept, and not judged again.

use std::path::Path;
use std::sync::Arc;

use iddpm::data::{self, Broken, Dataset, Split};
use iddpm::evaluate::{Classifier, ClassifierConfig};
use iddpm::files::write_bytes;
use iddpm::unet::Extents;
use iddpm::{Draw, Model};
use serde::{Deserialize, Serialize};

use super::judging::{
    self, Basis, Compare, HELD_OUT, Network, Number, RESAMPLES, Report, Set, enough, to_real,
};
use super::options::Options;
use super::program::{Failure, say};
use super::signals::{Stop, Stopped};

/// Images of a network that are judged at most, where no number is given.
const MOST: usize = 500;
/// The classifier of some data, in the chain's folder: of other data it is another.
fn classifier_file(data: u64) -> String {
    format!("classifier-{data:016x}.safetensors")
}

/// What was found, in a student's folder, and of the first teacher in the chain's.
const FOUND: &str = "evaluation.json";

/// Refuses to judge too few images.
pub(crate) fn check(images: Option<usize>) -> Result<(), Failure> {
    match images {
        Some(0) | None => Ok(()),
        Some(count) => enough("--evaluate", count),
    }
}

/// What judges the networks of a chain.
pub(crate) struct Evaluation<'o> {
    options: &'o Options,
    /// The first teacher, where that is there.
    teacher: Option<Model>,
    /// What it is called.
    name: String,
    is_teacher_told: bool,
    stop: Stop,
    /// What is judged by, and its digest, from where that is needed on.
    data: Option<(Arc<dyn Dataset>, u64)>,
    /// From where something is to be judged on.
    judge: Option<Judge>,
}

/// What is found, in a file.
#[derive(Serialize, Deserialize)]
struct Found {
    /// Which network it is of, by which data it was judged, and how many images: of others it is judged again.
    of: String,
    #[serde(flatten)]
    report: Report,
}

impl Found {
    fn set(self) -> Option<Set> {
        self.report.sets.into_iter().next()
    }
}

/// What a file has, where it is one of these.
fn kept(path: &Path) -> Option<Found> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

struct Judge {
    real: Arc<dyn Dataset>,
    classifier: Classifier,
    basis: Basis,
}

impl<'o> Evaluation<'o> {
    /// Of a chain whose first teacher was given so; none where none is wanted.
    pub(crate) fn of(
        options: &'o Options,
        teacher: Option<&Model>,
        name: &Path,
    ) -> Result<Option<Self>, Failure> {
        if options.distill.evaluate == Some(0) {
            return Ok(None);
        }
        Ok(Some(Self {
            options,
            teacher: teacher.cloned(),
            name: name.display().to_string(),
            is_teacher_told: false,
            stop: Stop::listen()?,
            data: None,
            judge: None,
        }))
    }

    /// Judges a student, and says what it came to, or why that is not known. What it was stopped by, if it was.
    pub(crate) fn student(
        &mut self,
        model: &Model,
        folder: &Path,
    ) -> Result<Option<Stopped>, Failure> {
        let Err(error) = self.compare(model, folder) else {
            // Not only while images are drawn.
            return Ok(self.stop.heard());
        };
        match error.downcast::<Stopped>() {
            Ok(stopped) => Ok(Some(*stopped)),
            Err(error) => {
                say(format_args!("{}: not evaluated: {error}", folder.display()))?;
                Ok(None)
            }
        }
    }

    fn compare(&mut self, model: &Model, folder: &Path) -> Result<(), Failure> {
        if !self.is_teacher_told {
            let path = self.options.run.join(FOUND);
            let of_teacher = match self.teacher.clone() {
                Some(teacher) => Some(self.found(&teacher, self.name.clone(), &path)?),
                // What it came to when it taught.
                None => kept(&path).and_then(Found::set),
            };
            of_teacher.as_ref().map(line).map_or(Ok(()), say)?;
            self.is_teacher_told = true;
        }
        let name = folder.display().to_string();
        say(line(&self.found(model, name, &folder.join(FOUND))?))
    }

    /// What a network came to: as a file has it, or found now and then kept there.
    fn found(&mut self, model: &Model, name: String, path: &Path) -> Result<Set, Failure> {
        let images = match self.options.distill.evaluate {
            Some(count) => format!("{count} images"),
            None => format!("at most {MOST} images"),
        };
        let (real, digest) = self.data(model.image())?;
        let of = format!(
            "network {:016x}, data {digest:016x}, {images}",
            model.fingerprint()?
        );
        let kept = kept(path).filter(|kept| kept.of == of);
        if let Some(set) = kept.and_then(Found::set) {
            return Ok(set);
        }
        let judge = match &mut self.judge {
            Some(judge) => judge,
            none => none.insert(Judge::of(self.options, real, digest)?),
        };
        let set = judge.judge(self.options, model, name, &self.stop)?;
        let report = Report::new(&judge.basis, vec![set]);
        let found = Found { of, report };
        let mut text = serde_json::to_vec_pretty(&found)?;
        text.push(b'\n');
        write_bytes(path, &text)?;
        found.set().ok_or_else(|| "nothing was judged".into())
    }

    /// The real images, fitted to a network's size, and their digest.
    fn data(&mut self, image: Extents) -> Result<(Arc<dyn Dataset>, u64), Failure> {
        if let Some((data, digest)) = &self.data {
            return Ok((Arc::clone(data), *digest));
        }
        let options = self.options;
        let given = options.pictures.given();
        let opened = data::open(&options.data, &options.data_options(&given, Some(image)));
        let opened = opened.map_err(|error| options.pictures.explain("--data", error))?;
        let data: Arc<dyn Dataset> = opened.into();
        let digest = data.fingerprint(Broken::Fatal)?;
        self.data = Some((Arc::clone(&data), digest));
        Ok((data, digest))
    }
}

impl Judge {
    /// The classifier that is in the chain's folder, or trained and then kept there.
    fn of(options: &Options, real: Arc<dyn Dataset>, digest: u64) -> Result<Self, Failure> {
        let split = Split::of(Arc::clone(&real), HELD_OUT, Broken::Fatal)?;
        enough("--data, held out", split.held_out.len() / 2)?;
        let threads = options.device.threads.choose()?;
        let config = ClassifierConfig::default();
        let path = options.run.join(classifier_file(digest));
        let mut classifier = if path.exists() {
            Classifier::open(&path, threads)?
        } else {
            let trained = judging::train(&split.trained, &config, threads)?;
            trained.save(&path)?;
            trained
        };
        Ok(Self {
            basis: Basis::of_classifier(&mut classifier, &config, &options.data, &split)?,
            classifier,
            real,
        })
    }

    fn judge(
        &mut self,
        options: &Options,
        model: &Model,
        name: String,
        stop: &Stop,
    ) -> Result<Set, Failure> {
        let network = Network::new(model.clone(), Draw::new(), self.real.as_ref());
        let network = network.map_err(|error| format!("{name}: {error}"))?;
        let usual = self.basis.reference.count().min(MOST);
        let count = options.distill.evaluate.unwrap_or(usual);
        let goes_on = &mut || match stop.heard() {
            Some(stopped) => Err(stopped.into()),
            None => Ok(()),
        };
        let drawn = network.draw(count, options.device.device(), goes_on)?;
        let near = to_real(&drawn, self.real.as_ref())?;
        let judged = self.classifier.judge_data(&drawn)?;
        let compare = Compare {
            basis: &self.basis,
            resamples: RESAMPLES,
            seed: ClassifierConfig::default().seed,
        };
        compare.set(name, &judged, &near)
    }
}

/// What a set came to, in a line.
fn line(set: &Set) -> String {
    let text = |number: &Option<Number>| number.as_ref().map_or("-".into(), Number::text);
    format!(
        "{}: {} images: Fréchet distance {} (of as many real {}), of their class {}, precision {}, recall {}",
        set.name,
        set.images,
        set.frechet.text(),
        text(&set.frechet_of_real),
        text(&set.accuracy),
        set.precision.text(),
        set.recall.text(),
    )
}
