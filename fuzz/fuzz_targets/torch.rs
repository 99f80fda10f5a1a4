//! Any bytes are refused as a file of PyTorch, as its pickle and as what a storage holds, or are tensors that lie in
//! the file; nothing of it is called, and what is made of it is bounded by its length.
#![no_main]

use std::io::{Cursor, Write};

use iddpm::checkpoint::{Checkpoint, Description, Header, ImageSize, WeightType};
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, Variance, WeightSet};
use iddpm::unet::UnetConfig;
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // Random bytes do not make an archive, but may be what is in one.
    check(&archive(bytes, &[0; 1 << 10]));
});

/// An archive as PyTorch writes it, of a pickle and one storage.
fn archive(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", storage)] {
        archive.start_file(name, options).expect("it is in memory");
        archive.write_all(bytes).expect("it is in memory");
    }
    archive.finish().expect("it is in memory").into_inner()
}

fn check(bytes: &[u8]) {
    match Header::from_bytes(bytes) {
        Ok(header) => {
            let mut end = 0;
            for tensor in header.tensors() {
                assert_eq!(tensor.range.0, end);
                end = tensor.range.1;
            }
        }
        Err(error) => assert!(error.to_string().len() < 1 << 12, "{error}"),
    }
    let unet = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, 32)
    };
    let diffusion = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall);
    let card = ModelCard {
        diffusion,
        weights: WeightSet::Raw,
        step: 0,
    };
    let description = Description::new(unet, ImageSize::square(8), card);
    let _ = Checkpoint::from_bytes_as(bytes, description, WeightType::F32);
}
