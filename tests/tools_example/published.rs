//! The published models: state dicts of their names and shapes, as PyTorch saves one, are what their presets say.

use std::io::Write;
use std::path::Path;

use iddpm::checkpoint::{Checkpoint, CheckpointError, Header, Preset, WeightType};
use iddpm::diffusion::WeightSet;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::scratch::Scratch;
use super::succeed;

/// How much later each tensor begins in the storage that all are in: a whole network is a small file.
const SHIFT: usize = 17;

type Listed = Vec<(String, Vec<usize>)>;

/// The public implementation's parameters of a model: two are of another objective alone.
fn listed(preset: Preset) -> Listed {
    let list = match preset.name().trim_end_matches("_vlb") {
        "lsun_bedroom" => "lsun256",
        name => name,
    };
    let path = format!("golden/param_lists/{list}.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    serde_json::from_value(case["parameters"].clone()).unwrap()
}

fn elements(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Number `at` of the storage, one that f16 holds.
fn number(at: usize) -> f32 {
    (37 * at % 257) as f32 / 64.0 - 2.0
}

/// The instructions of a state dict: each tensor of f16, in storage 0, which has so many numbers.
fn pickle(listed: &Listed, numbers: usize) -> Vec<u8> {
    let text = |text: &str| {
        let len = (text.len() as u32).to_le_bytes();
        [b"X", &len[..], text.as_bytes()].concat()
    };
    let whole = |number: usize| [b"J", &(number as i32).to_le_bytes()[..]].concat();
    let tuple = |row: &[usize]| {
        let items: Vec<u8> = row.iter().flat_map(|&number| whole(number)).collect();
        [b"(", &items[..], b"t"].concat()
    };
    let empty = b"ccollections\nOrderedDict\n)R";
    let mut pickle = [b"\x80\x02", &empty[..], b"("].concat();
    for (place, (name, shape)) in listed.iter().enumerate() {
        let strides: Vec<usize> = (1..=shape.len()).map(|at| elements(&shape[at..])).collect();
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(text("storage"));
        pickle.extend(b"ctorch\nHalfStorage\n");
        pickle.extend([text("0"), text("cpu"), whole(numbers)].concat());
        pickle.extend(b"tQ");
        pickle.extend([whole(place * SHIFT), tuple(shape), tuple(&strides)].concat());
        pickle.extend([b"\x89", &empty[..], b"tR"].concat());
    }
    pickle.extend(b"u.");
    pickle
}

/// A state dict of these names and shapes, as `torch.save` writes one.
fn save(path: &Path, listed: &Listed) {
    let ends = listed.iter().enumerate();
    let ends = ends.map(|(place, (_, shape))| place * SHIFT + elements(shape));
    let numbers = ends.max().unwrap();
    let storage: Vec<u8> = (0..numbers)
        .flat_map(|at| half::f16::from_f32(number(at)).to_le_bytes())
        .collect();
    let mut archive = ZipWriter::new(std::fs::File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [
        ("archive/data.pkl", &pickle(listed, numbers)),
        ("archive/data/0", &storage),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// Of each model every name and shape is compared; numbers of the smallest alone, since the others have up to 280 million.
#[test]
fn each_is_read_from_pytorchs_file_by_its_preset() {
    let scratch = Scratch::new("convert-published");
    let path = scratch.join("model.pt");
    let average = WeightSet::Ema { rate: 0.9999 };
    for preset in Preset::ALL {
        let (name, mut listed) = (preset.name(), listed(preset));
        let description = preset.describe(average, 500_000).unwrap();
        save(&path, &listed);
        let header = Header::open(&path).unwrap();
        assert_eq!(header.tensors().len(), listed.len(), "{name}");
        assert_eq!(header.check(&description), Ok(None), "{name}");

        // One row fewer is another network.
        let (changed, shape) = listed.last_mut().unwrap();
        shape[0] -= 1;
        let changed = changed.clone();
        save(&path, &listed);
        let error = Header::open(&path).unwrap().check(&description);
        let Err(CheckpointError::Tensors(mismatch)) = error else {
            panic!("{name}: {error:?}");
        };
        assert!(
            mismatch.shapes.to_string().contains(&changed),
            "{name}: {mismatch}"
        );
    }

    let preset = Preset::Cifar10Uncond;
    save(&path, &listed(preset));
    let options =
        "model.pt out.safetensors --weights ema:0.9999 --step 500000 --dtype f16 --preset";
    let printed = succeed("convert", &scratch, &format!("{options} {}", preset.name()));
    assert_eq!(printed, "out.safetensors: 52546438 parameters as F16\n");
    let out = scratch.join("out.safetensors");
    let converted = Checkpoint::open(&out, WeightType::F32).unwrap();
    assert_eq!(
        *converted.description(),
        preset.describe(average, 500_000).unwrap()
    );
    let (_, graph, weights) = converted.into_parts();
    let weights = weights.into_f32().unwrap();
    for (place, param) in graph.params().iter().enumerate() {
        let found = &weights[param.offset..][..param.elements()];
        let same = found
            .iter()
            .enumerate()
            .all(|(at, &x)| x == number(place * SHIFT + at));
        assert!(same, "{}", param.name);
    }
}
