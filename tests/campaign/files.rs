//! Files with some bytes changed, cut or put in: each is refused by a typed error, or read. None panics.

use std::io::Cursor;
use std::path::Path;

use iddpm::checkpoint::{Checkpoint, Dtype, Header, WeightType};
use iddpm::cpu::{Program, ProgramBuf};
use iddpm::data::{cifar10, load, npz};
use iddpm::diffusion::SamplerState;
use iddpm::train::SavedRun;
use iddpm::unet::{Extents, Plan};

use super::archive::archive;
use super::scratch::Scratch;
use super::{Campaign, TRAINING, pictures, succeed};

impl Campaign {
    /// Some changes to a file, as disks, networks and people make them.
    fn mutated(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(3) {
            if bytes.is_empty() {
                return bytes;
            }
            // Heads more often than what follows them.
            let end = if self.below(2) == 0 {
                bytes.len().min(400)
            } else {
                bytes.len()
            };
            let at = self.below(end);
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 0xFF, b'9', b'-', b'"', b'{'][self.below(6)],
                2 => bytes.truncate(at),
                3 => {
                    bytes.splice(at..at, std::iter::repeat_n(self.below(256) as u8, 9));
                }
                4 => {
                    let until = (at + 1 + self.below(16)).min(bytes.len());
                    bytes.drain(at..until);
                }
                5 => {
                    let from = self.below(bytes.len());
                    let piece = bytes[from..bytes.len().min(from + 32)].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let until = (at + 8).min(bytes.len());
                    let large = [u64::MAX, 1 << 40, 0, 1 << 31][self.below(4)].to_le_bytes();
                    bytes[at..until].copy_from_slice(&large[..until - at]);
                }
            }
        }
        bytes
    }
}

/// Counts what is read and what is refused, whose text must not be empty.
#[derive(Default)]
struct Counts {
    read: u64,
    refused: u64,
}

impl Counts {
    fn add<T, E: std::fmt::Display>(&mut self, result: Result<T, E>) {
        match result {
            Ok(_) => self.read += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.refused += 1;
            }
        }
    }

    fn report(&self, campaign: &Campaign) {
        assert!(self.refused > 0);
        campaign.report(&[("read", self.read), ("refused", self.refused)]);
    }
}

/// A file without a change, which must be read: else what is refused says nothing of the changes.
fn unchanged<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) {
    if let Err(error) = result {
        panic!("{what} is refused as it is: {error}");
    }
}

const SMALL: Extents = Extents {
    channels: 3,
    height: 8,
    width: 8,
};

#[test]
fn checkpoints() {
    let mut campaign = Campaign::new("files-checkpoints");
    let scratch = Scratch::new("files-checkpoints");
    pictures(&scratch);
    let run = format!("{TRAINING} --backend cpu --save-every 1 --steps 1 --run r");
    succeed("train", &scratch, &run);
    let state = scratch.join("r/step-00000001");
    let sound = std::fs::read(state.join("model.safetensors")).unwrap();
    let graph = Checkpoint::from_bytes(&sound, WeightType::F32).unwrap();
    let half = graph.to_bytes(Dtype::F16).unwrap();
    let program = ProgramBuf::new(graph.graph(), &Plan::single(graph.graph())).unwrap();
    let state = SamplerState {
        fingerprint: 7,
        position: 3,
    };
    for (what, sound) in [("a checkpoint", &sound), ("one of 16 bits", &half)] {
        unchanged(what, Header::from_bytes(sound));
        unchanged(what, Checkpoint::from_bytes(sound, WeightType::AsStored));
    }
    unchanged("a program", Program::from_bytes(program.as_bytes()));
    unchanged("a state", SamplerState::from_bytes(&state.to_bytes()));
    let mut counts = Counts::default();
    while campaign.goes_on() {
        for sound in [&sound, &half] {
            let bytes = campaign.mutated(sound);
            counts.add(Header::from_bytes(&bytes));
            counts.add(Checkpoint::from_bytes(&bytes, WeightType::AsStored));
        }
        counts.add(Program::from_bytes(&campaign.mutated(program.as_bytes())));
        counts.add(SamplerState::from_bytes(
            &campaign.mutated(&state.to_bytes()),
        ));
    }
    counts.report(&campaign);
}

#[test]
fn states_of_a_run() {
    let mut campaign = Campaign::new("files-states");
    let scratch = Scratch::new("files-states");
    pictures(&scratch);
    let run = format!("{TRAINING} --backend cpu --save-every 1 --steps 1 --run r");
    succeed("train", &scratch, &run);
    let state = scratch.join("r/step-00000001");
    let whole = SavedRun::load(&state).unwrap();
    let mut counts = Counts::default();
    while campaign.goes_on() {
        let name = super::STATE[campaign.below(super::STATE.len())];
        let path = state.join(name);
        let sound = std::fs::read(&path).unwrap();
        let changed = campaign.mutated(&sound);
        std::fs::write(&path, &changed).unwrap();
        let result = SavedRun::load(&state);
        // Every bit of the numbers counts, and all that is said of them.
        if let Ok(read) = &result {
            assert!(changed == sound || name == "run.json", "{name}");
            assert_eq!(read.description, whole.description);
            assert_eq!(read.config, whole.config);
            let rest = |of: &SavedRun| (of.examples, of.fingerprint, of.progress.clone());
            assert_eq!(rest(read), rest(&whole));
        }
        counts.add(result);
        std::fs::write(&path, &sound).unwrap();
    }
    counts.report(&campaign);
}

#[test]
fn pictures_and_archives() {
    let mut campaign = Campaign::new("files-data");
    let scratch = Scratch::new("files-data");
    let picture = image::RgbImage::from_fn(24, 16, |x, y| {
        image::Rgb([(x * 11) as u8, (y * 17) as u8, (x * y) as u8])
    });
    let formats = [
        image::ImageFormat::Png,
        image::ImageFormat::Jpeg,
        image::ImageFormat::Gif,
    ];
    let pictures = formats.map(|format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    });
    // Two images of 2x2 and their labels.
    let archive = archive([2, 2, 2, 1], &[1; 8], &[0, 1]);
    let records: Vec<u8> = (0..2 * 3073).map(|at| (at % 10) as u8).collect();
    let path = scratch.join("picture");
    for (format, sound) in formats.iter().zip(&pictures) {
        std::fs::write(&path, sound).unwrap();
        unchanged(&format!("{format:?}"), load(&path, SMALL));
    }
    unchanged("an archive", npz::read(Cursor::new(&archive)));
    unchanged("a batch of CIFAR-10", cifar10::from_bytes(&records));
    let mut counts = Counts::default();
    while campaign.goes_on() {
        for sound in &pictures {
            std::fs::write(&path, campaign.mutated(sound)).unwrap();
            counts.add(load(Path::new(&path), SMALL));
        }
        counts.add(npz::read(Cursor::new(campaign.mutated(&archive))));
        counts.add(cifar10::from_bytes(&campaign.mutated(&records)));
    }
    counts.report(&campaign);
}
