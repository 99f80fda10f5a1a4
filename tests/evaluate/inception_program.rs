//! `evaluate --inception` as a program, against the library.

use std::fs;

use iddpm::checkpoint::Header;
use iddpm::data::Images;
use iddpm::evaluate::frechet;
use serde_json::Value;

use super::archive::write_archive;
use super::example::network;
use super::generator::generate;
use super::inception::{SEED, SIZE, file, open, planes};
use super::run::{run, succeed};
use super::scratch::Scratch;

/// So many pictures of noise, darker or lighter, in an archive of their name.
fn noise(scratch: &Scratch, name: &str, count: usize, center: f64) -> Vec<u8> {
    let numbers = generate(SEED, name, count * SIZE.elements(), center, 100.0);
    let pixels: Vec<u8> = numbers.iter().map(|&number| number as u8).collect();
    let shape = [count, SIZE.height, SIZE.width, SIZE.channels];
    write_archive(&scratch.join(&format!("{name}.npz")), shape, &pixels, &[]);
    pixels
}

/// The file with weights before the features that are as large as they can be.
fn with_large_weights(file: &[u8]) -> Vec<u8> {
    let header = Header::from_bytes(file).unwrap();
    let mut bytes = file.to_vec();
    let data = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    for name in [
        "Mixed_7c.branch1x1.conv.weight",
        "Mixed_7b.branch1x1.conv.weight",
    ] {
        let mut tensors = header.tensors().iter();
        let (begin, end) = tensors.find(|tensor| tensor.name == name).unwrap().range;
        let range = data + begin as usize..data + end as usize;
        for number in bytes[range].chunks_exact_mut(4) {
            number.copy_from_slice(&3e38_f32.to_le_bytes());
        }
    }
    bytes
}

/// The program says what the library does of the same pictures: all real ones are the reference, or all but a share.
#[test]
fn the_program_judges_by_it() {
    let scratch = Scratch::new("inception-program");
    let path = scratch.write("inception.safetensors", file());
    let inception = open(&path, 2);
    let [real, drawn] = [("real", 6, 110.0), ("drawn", 6, 140.0)].map(|(name, count, center)| {
        let pixels = noise(&scratch, name, count, center);
        let images = Images::new(SIZE, planes(&pixels, SIZE), None, None).unwrap();
        inception.judge_data(&images, &mut |_| {}).unwrap()
    });
    let options = "--real real.npz drawn.npz --inception inception.safetensors --resamples 2 --json found.json";
    let found = |options: &str| -> (String, Value) {
        let printed = succeed("evaluate", &scratch, options);
        let json = fs::read_to_string(scratch.join("found.json")).unwrap();
        (printed, serde_json::from_str(&json).unwrap())
    };
    let (printed, json) = found(options);
    let features = format!(
        "features of Inception-v3 {:016x}, inception.safetensors",
        inception.fingerprint()
    );
    assert!(printed.lines().any(|line| line == features), "{printed}");
    assert_eq!(
        (&json["features"], &json["trained"]),
        (&features.into(), &Value::Null)
    );
    assert_eq!(json["reference"], 6);
    let [set] = json["sets"].as_array().unwrap().as_slice() else {
        panic!("{json}");
    };
    let due = frechet(real.features(), drawn.features(), 2, 0).unwrap();
    assert_eq!(set["frechet"]["value"], due.value);
    assert_eq!(set["frechet"]["error"], due.error);
    assert_eq!(
        set["inception_score"]["value"],
        drawn.inception_score(2, 0).unwrap().value
    );
    assert_eq!(
        (&set["frechet_of_real"], &set["accuracy"]),
        (&Value::Null, &Value::Null)
    );

    noise(&scratch, "more", 16, 110.0);
    let halves = options.replace("real.npz drawn.npz", "more.npz");
    let (_, json) = found(&format!("{halves} --held-out 0.5"));
    let [held_out] = json["sets"].as_array().unwrap().as_slice() else {
        panic!("{json}");
    };
    assert_eq!(held_out["name"], "real, held out");
    assert_eq!(held_out["frechet"], held_out["frechet_of_real"]);
    let all = json["reference"].as_u64().unwrap() + held_out["images"].as_u64().unwrap();
    assert_eq!(all, 16);

    // Of pictures that are all alike numbers say nothing, and weights that are too large are a file's.
    let shape = [6, SIZE.height, SIZE.width, SIZE.channels];
    write_archive(
        &scratch.join("alike.npz"),
        shape,
        &[7; 6 * SIZE.elements()],
        &[],
    );
    let alike = "--real alike.npz --inception inception.safetensors --resamples 2";
    let output = run("evaluate", &scratch, alike);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("the real images all have the same features"),
        "{told}"
    );
    scratch.write("large.safetensors", &with_large_weights(file()));
    let output = run(
        "evaluate",
        &scratch,
        "--real alike.npz --inception large.safetensors",
    );
    let told = String::from_utf8(output.stderr).unwrap();
    let due = "evaluate: --inception large.safetensors: feature 0 of image 0 is not finite";
    assert_eq!(told.trim_end(), due);

    // More than any machine has, told before the first is drawn.
    #[cfg(target_os = "linux")]
    {
        write_archive(
            &scratch.join("digits.npz"),
            [6, 16, 16, 1],
            &[7; 6 * 256],
            &[],
        );
        let networks = format!("{} ", network("digits16")).repeat(40);
        let many = "--inception inception.safetensors --count 1048576";
        let output = run(
            "evaluate",
            &scratch,
            &format!("--real digits.npz {networks} {many}"),
        );
        let told = String::from_utf8(output.stderr).unwrap();
        let due = "evaluate: --inception: what it makes of 41943046 images takes 513 GB (";
        assert!(
            told.starts_with(due) && told.ends_with(" are free: fewer images\n"),
            "{told}"
        );
    }

    let output = run(
        "evaluate",
        &scratch,
        "--real real.npz drawn.npz --inception absent",
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.starts_with("evaluate: --inception opening absent: "),
        "{told}"
    );
    assert!(
        told.contains("--help says where such a file comes from"),
        "{told}"
    );
    let help = succeed("evaluate", &scratch, "--help");
    assert!(
        help.contains("pt_inception-2015-12-05-6726825d.pth"),
        "{help}"
    );
    let output = run("evaluate", &scratch, &format!("{options} --steps 5"));
    assert_eq!(output.status.code(), Some(2));
}
