//! A run that was saved: one type and one file, whatever ran it.
//!
//! ```text
//! iDDr | version u32 | digest u64 of what follows
//! model u64 | fingerprint u64 | position u32
//! lengths: text of the drawing, images, low-res, x, history: u32 each, numbers of the last three
//! version 2, of a run that keeps a part of a picture, and version 3: picture and mask, numbers, u32 each
//! version 3, of a run on a GPU: length u32 of what it was made with
//! the drawing's text | version 3: what it was made with, text
//! noise u64, number u64, class u32 (all ones: none) of each image
//! low-res, x, history, versions 2 and 3: picture, mask: f32 each
//! ```
//!
//! All little-endian. The digest is FNV-1a.

use core::str;
use std::format;
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;

use super::draw::Draw;
use super::error::DrawError;
use super::model::Model;
use crate::Error;
use crate::checkpoint::foreign::{SAVED_RUN, kind_of};
use crate::diffusion::fingerprint::Fingerprint;
use crate::diffusion::{KnownBuf, Noise, Paused, Sample, SamplerState};
use crate::files::{read_bytes, write_bytes};
use crate::memory::{collected, copied};

/// Of a run that keeps nothing of a picture, of one that does, and of one that says what it was made with.
const PLAIN: u32 = 1;
const KEEPING: u32 = 2;
const SAYING: u32 = 3;
/// Bytes of the longest text of what a run was made with.
const MOST_SAID: usize = 1024;
/// A class that is none.
const NO_LABEL: u32 = u32::MAX;
/// Bytes before what the digest is of.
const HEAD: usize = 16;
/// Bytes of an image's identity.
const SAMPLE: usize = 20;
/// Bytes by which it is told what a file is that is no saved run.
const FIRST: usize = 512;
/// The largest file that is written or read.
const MOST_BYTES: u64 = 1 << 30;

/// A saved run: a drawing in the middle of its steps. It goes on by [`Studio::resume`](super::Studio::resume),
/// and knows the model that it belongs to.
///
/// ```
/// use iddpm::{Device, Draw, Model, Saved};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32_4_steps.safetensors"
/// # )
/// );
/// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
/// let mut run = studio.begin(&Draw::new().class("sword"), 1)?;
/// run.advance()?;
/// let bytes: Vec<u8> = run.save()?.to_bytes()?;
///
/// let mut resumed = studio.resume(&Saved::from_bytes(&bytes)?)?;
/// while run.advance()? {}
/// while resumed.advance()? {}
/// assert_eq!(resumed.images()?, run.images()?);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The fingerprint of the model.
    model: u64,
    draw: Draw,
    samples: Vec<Sample>,
    low_res: Vec<f32>,
    known: Option<KnownBuf>,
    made_with: Option<String>,
    paused: Paused,
}

impl Saved {
    pub(super) fn new(
        model: &Model,
        draw: &Draw,
        samples: &[Sample],
        low_res: &[f32],
        known: Option<&KnownBuf>,
        made_with: Option<String>,
        paused: Paused,
    ) -> Result<Self, Error> {
        Ok(Self {
            model: model.fingerprint()?,
            draw: draw.clone(),
            samples: copied(samples)?,
            low_res: copied(low_res)?,
            known: known.cloned(),
            made_with,
            paused,
        })
    }

    /// The drawing.
    pub const fn draw(&self) -> &Draw {
        &self.draw
    }

    /// The images: noise, number and class of each.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The number of steps that were taken.
    pub const fn position(&self) -> u32 {
        self.paused.state.position
    }

    /// What the run that was saved made its steps with on a GPU, as [`Run::made_with`](super::Run::made_with) says it; `None`
    /// on the processor, and of a file before version 3. A run goes on anywhere; with something else the rest of its steps
    /// differs by rounding. Of a run that was itself resumed it does not say what made the steps before.
    pub fn made_with(&self) -> Option<&str> {
        self.made_with.as_deref()
    }

    pub(super) fn low_res(&self) -> &[f32] {
        &self.low_res
    }

    /// The picture of which a part is kept.
    pub(super) const fn known(&self) -> Option<&KnownBuf> {
        self.known.as_ref()
    }

    pub(super) const fn paused(&self) -> &Paused {
        &self.paused
    }

    /// Checks whether it can be a run of this model, before anything is made for it.
    pub(super) fn check(&self, model: &Model) -> Result<(), Error> {
        let (saved, found) = (self.model, model.fingerprint()?);
        if saved != found {
            return Err(refused(format!(
                "it is another model's, whose fingerprint is {saved:016x}, not {found:016x}: the file of weights \
                 that it was drawn with goes on with it"
            )));
        }
        let count = self.samples.len() as u64;
        let check = |what, numbers: &[f32], elements: u64| {
            check_numbers(what, numbers, count, count.saturating_mul(elements))
        };
        let image = model.image();
        check("x", &self.paused.x, image.elements() as u64)?;
        if let Some(KnownBuf { picture, mask }) = &self.known {
            let elements = image.elements() as u64;
            check_numbers("the picture", picture, 1, elements)?;
            check_numbers("the mask", mask, 1, elements)?;
        }
        // What is enlarged may not have been given yet: the run asks for it then.
        if !self.low_res.is_empty() || self.position() > 0 {
            let low_res = model.low_res();
            let small = low_res.map_or(0, |(width, height)| width * height * image.channels);
            check("low-res", &self.low_res, small as u64)?;
        }
        model.check_labels(&self.samples).map_err(refused)
    }

    /// Returns the run as bytes: its pixels, and less than a kilobyte for a few images.
    ///
    /// # Errors
    /// [`DrawError::Saved`] for more than a file holds; [`MemoryError`](crate::memory::MemoryError).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let Self {
            model,
            draw,
            samples,
            low_res,
            known,
            made_with,
            paused,
        } = self;
        let SamplerState {
            fingerprint,
            position,
        } = paused.state;
        let draw = draw.to_string();
        let mut numbers = std::vec![low_res, &paused.x, &paused.history];
        let mut version = PLAIN;
        let nothing = Vec::new();
        if let Some(KnownBuf { picture, mask }) = known {
            numbers.extend([picture, mask]);
            version = KEEPING;
        } else if made_with.is_some() {
            numbers.extend([&nothing, &nothing]);
        }
        if made_with.is_some() {
            version = SAYING;
        }
        let made_with = made_with.as_deref();
        let mut content = Vec::new();
        content.extend(model.to_le_bytes());
        content.extend(fingerprint.to_le_bytes());
        content.extend(position.to_le_bytes());
        let lengths = [draw.len(), samples.len()].into_iter();
        let lengths = lengths.chain(numbers.iter().map(|it| it.len()));
        for len in lengths.chain(made_with.map(str::len)) {
            let len = u32::try_from(len)
                .map_err(|_| refused(format!("{len} numbers are more than a file of a run has")))?;
            content.extend(len.to_le_bytes());
        }
        content.extend(draw.bytes());
        content.extend(made_with.unwrap_or_default().bytes());
        for Sample {
            noise,
            number,
            label,
        } in samples
        {
            content.extend(noise.seed.to_le_bytes());
            content.extend(number.to_le_bytes());
            content.extend(label.unwrap_or(NO_LABEL).to_le_bytes());
        }
        let head = SAVED_RUN.into_iter().chain(version.to_le_bytes());
        let rest = numbers.iter().flat_map(|it| it.iter());
        let rest = rest.flat_map(|number| number.to_le_bytes());
        let body = numbers
            .iter()
            .map(|it| size_of_val(it.as_slice()))
            .sum::<usize>();
        let len = (HEAD + content.len()).saturating_add(body);
        if len as u64 > MOST_BYTES {
            return Err(refused(format!(
                "{len} bytes, a file of a run has at most {MOST_BYTES}: draw fewer at once"
            )));
        }
        let mut digest = Fingerprint::new();
        digest.add_bytes(&content);
        rest.clone().for_each(|byte| digest.add_bytes(&[byte]));
        let digest = digest.finish().to_le_bytes();
        let all = head
            .chain(digest)
            .chain(content.iter().copied())
            .chain(rest);
        Ok(collected(len, all)?)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`DrawError::Saved`] for what is no saved run, another version's, damaged or cut.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        if !bytes.starts_with(&SAVED_RUN) {
            let first = bytes.get(..FIRST).unwrap_or(bytes);
            return Err(refused(match kind_of(first) {
                Some(kind) => format!("it is {kind}, and no saved run, which begins with iDDr"),
                None => "it does not begin with iDDr, as a saved run does".into(),
            }));
        }
        reader.bytes(SAVED_RUN.len())?;
        let version = reader.u32()?;
        if ![PLAIN, KEEPING, SAYING].contains(&version) {
            return Err(refused(format!(
                "version {version}; this crate reads {PLAIN} to {SAYING}"
            )));
        }
        let stored = reader.u64()?;
        let mut digest = Fingerprint::new();
        digest.add_bytes(reader.0);
        if digest.finish() != stored {
            return Err(refused(
                "it is damaged or cut: its digest is not that of its bytes",
            ));
        }
        let model = reader.u64()?;
        let (fingerprint, position) = (reader.u64()?, reader.u32()?);
        let mut lengths = [0; 5];
        for len in &mut lengths {
            *len = reader.u32()? as usize;
        }
        let [draw, samples, low_res, x, history] = lengths;
        let kept = match version {
            PLAIN => None,
            _ => Some((reader.u32()? as usize, reader.u32()? as usize)),
        };
        // Of no numbers where a run keeps nothing.
        let kept = kept.filter(|kept| version == KEEPING || *kept != (0, 0));
        let made_with = match version {
            SAYING => Some(reader.u32()? as usize),
            _ => None,
        };
        let text = |bytes, what: &str| {
            str::from_utf8(bytes).map_err(|_| refused(format!("{what} is no text")))
        };
        let draw = text(reader.bytes(draw)?, "its drawing")?;
        let made_with = match made_with {
            Some(len) if len > MOST_SAID => {
                return Err(refused(format!(
                    "what it was made with is a text of {len} bytes, of at most {MOST_SAID}"
                )));
            }
            Some(len) => Some(text(reader.bytes(len)?, "what it was made with")?),
            None => None,
        };
        if made_with.is_some_and(|text| text.contains(char::is_control)) {
            return Err(refused("what it was made with is no line of text"));
        }
        let samples = reader.samples(samples)?;
        let (low_res, x, history) = (
            reader.numbers(low_res)?,
            reader.numbers(x)?,
            reader.numbers(history)?,
        );
        let known = match kept {
            Some((picture, mask)) => Some(KnownBuf {
                picture: reader.numbers(picture)?,
                mask: reader.numbers(mask)?,
            }),
            None => None,
        };
        if !reader.0.is_empty() {
            let more = reader.0.len();
            return Err(refused(format!("{more} bytes follow its end")));
        }
        Ok(Self {
            model,
            draw: draw.parse().map_err(|error: DrawError| refused(error))?,
            samples,
            low_res,
            known,
            made_with: made_with.map(String::from),
            paused: Paused {
                state: SamplerState {
                    fingerprint,
                    position,
                },
                x,
                history,
            },
        })
    }

    /// Writes the run to a file, whole or not at all.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError); those of [`to_bytes`](Self::to_bytes).
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        Ok(write_bytes(path, &self.to_bytes()?)?)
    }

    /// Reads a run from a file.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError); those of [`from_bytes`](Self::from_bytes), with the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let read = Self::from_bytes(&read_bytes(path, MOST_BYTES)?);
        read.map_err(|error| match error {
            Error::Draw(DrawError::Saved { why, .. }) => {
                let file = Some(path.into());
                DrawError::Saved { file, why }.into()
            }
            error => error,
        })
    }
}

/// Checks that there are as many numbers as some images have, and all finite.
fn check_numbers(what: &str, numbers: &[f32], images: u64, due: u64) -> Result<(), Error> {
    if numbers.len() as u64 != due {
        let len = numbers.len();
        return Err(refused(format!(
            "{what} has {len} numbers, {images} images have {due}"
        )));
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(at) => Err(refused(format!("{what} is not finite at {at}"))),
        None => Ok(()),
    }
}

fn refused(why: impl ToString) -> Error {
    let why: String = why.to_string();
    DrawError::Saved { file: None, why }.into()
}

/// The bytes that are not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let left = self.0.len();
        let Some((bytes, rest)) = self.0.split_at_checked(len) else {
            return Err(refused(format!("it ends {} bytes early", len - left)));
        };
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    fn numbers(&mut self, len: usize) -> Result<Vec<f32>, Error> {
        let (bytes, _) = self.bytes(len.saturating_mul(4))?.as_chunks();
        Ok(collected(
            len,
            bytes.iter().map(|&bytes| f32::from_le_bytes(bytes)),
        )?)
    }

    fn samples(&mut self, len: usize) -> Result<Vec<Sample>, Error> {
        let mut rest = Reader(self.bytes(len.saturating_mul(SAMPLE))?);
        let mut samples = Vec::new();
        while !rest.0.is_empty() {
            let (noise, number, label) = (rest.u64()?, rest.u64()?, rest.u32()?);
            samples.push(Sample {
                noise: Noise::new(noise),
                number,
                label: (label != NO_LABEL).then_some(label),
            });
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What is written can be read: the head counts too. The zeros are never touched where it is refused.
    #[test]
    fn a_run_that_is_too_large_is_not_written() {
        let draw = Draw::new();
        let content = 40 + draw.to_string().len();
        let numbers = (MOST_BYTES as usize - content) / 4;
        let saved = Saved {
            model: 0,
            draw,
            samples: Vec::new(),
            low_res: Vec::new(),
            known: None,
            made_with: None,
            paused: Paused {
                state: SamplerState {
                    fingerprint: 0,
                    position: 0,
                },
                x: crate::memory::zeros(numbers).unwrap(),
                history: Vec::new(),
            },
        };
        let error = saved.to_bytes().unwrap_err().to_string();
        assert!(
            error.ends_with("at most 1073741824: draw fewer at once"),
            "{error}"
        );
    }

    /// With and without a text, an empty one and a kept picture among them: what is written is read, in the oldest version
    /// that can say it; and what is no line of text, or too long, is refused.
    #[test]
    fn what_it_was_made_with_is_kept() {
        let saved = |made_with: Option<&str>, known: Option<KnownBuf>| Saved {
            model: 1,
            draw: Draw::new(),
            samples: Vec::new(),
            low_res: Vec::new(),
            known,
            made_with: made_with.map(String::from),
            paused: Paused {
                state: SamplerState {
                    fingerprint: 2,
                    position: 3,
                },
                x: [0.5].into(),
                history: Vec::new(),
            },
        };
        let keeping = || {
            let (picture, mask) = ([0.25, 1.0].into(), [1.0].into());
            Some(KnownBuf { picture, mask })
        };
        for (made_with, known, version) in [
            (None, None, PLAIN),
            (None, keeping(), KEEPING),
            (Some(""), None, SAYING),
            (Some("a GPU"), None, SAYING),
            (Some("a GPU"), keeping(), SAYING),
        ] {
            let saved = saved(made_with, known);
            let bytes = saved.to_bytes().unwrap();
            assert_eq!(bytes.get(4..8), Some(&version.to_le_bytes()[..]));
            assert_eq!(Saved::from_bytes(&bytes).unwrap(), saved);
        }
        let long = "x".repeat(MOST_SAID + 1);
        for (text, due) in [
            ("two\nlines", "is no line of text"),
            (long.as_str(), "a text of 1025 bytes, of at most 1024"),
        ] {
            let bytes = saved(Some(text), None).to_bytes().unwrap();
            let error = Saved::from_bytes(&bytes).unwrap_err().to_string();
            assert!(error.contains(due), "{error}");
        }
    }
}
