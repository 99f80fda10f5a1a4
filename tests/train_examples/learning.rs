//! That networks learn: where the least possible bits/dim are known, and where the public
//! implementation's are.

use iddpm::data::{Dataset, Images, npz};

use super::scratch::Scratch;
use super::{succeed, write_archive};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const REAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits16.npz");

/// Bits/dim and their standard error, as nll prints them.
fn bits_per_dim(scratch: &Scratch, arguments: &str) -> (f64, f64) {
    let printed = succeed("nll", scratch, arguments);
    let total = printed.lines().find(|line| line.starts_with("total"));
    let words: Vec<&str> = total.unwrap().split_whitespace().collect();
    (words[1].parse().unwrap(), words[3].parse().unwrap())
}

/// Four images of black and white points, each as likely: no law needs less than log₂(4)/16 = 0.125
/// bits/dim for them. A network that takes each point as fair would need 1; one that has learned nothing
/// takes many.
///
/// What is left of the gap: T = 4000 steps are not endlessly many (0.01 for the optimal denoiser of
/// listed images, by `tests/closed_forms`), and the network's x̂_0 at large t is not yet the posterior's
/// mean. This recipe ends 0.18 above the floor; half as much again is allowed.
#[test]
fn bits_per_dim_fall_towards_what_listed_images_take() {
    let scratch = Scratch::new("learning-floor");
    let images: [[u8; 16]; 4] = [
        [0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0],
        [1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1],
        [1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0],
    ];
    let pixels: Vec<u8> = images.iter().flatten().map(|point| 255 * point).collect();
    // Listed eight times, as a batch is not larger than the data.
    write_archive(
        &scratch.join("listed.npz"),
        [32, 4, 4, 1],
        &pixels.repeat(8),
        &[],
    );
    let recipe = "--data listed.npz --no-classes --run run --channels 32 --multipliers 1,1 \
         --attention 1,2 --timesteps 4000 --predict x-start --objective vlb \
         --sampler loss-second-moment --batch 32 --lr 1e-3 --anneal 1500 --ema 0.99 --sample-every 0 \
         --save-every 100 --keep 100";
    let mut bits = Vec::new();
    for (steps, resume) in [(100, ""), (1500, "--resume")] {
        succeed(
            "train",
            &scratch,
            &format!("{recipe} --steps {steps} {resume}"),
        );
        let checkpoint = format!("run/step-{steps:08}/ema_0.99.safetensors");
        let (total, _) = bits_per_dim(
            &scratch,
            &format!("--checkpoint {checkpoint} --data listed.npz --count 4"),
        );
        println!("{steps} steps: {total:.3} bits/dim");
        bits.push(total);
    }
    let floor = 2.0 / 16.0;
    assert!(bits[1] < bits[0], "{bits:?}");
    assert!(bits[1] > floor, "{bits:?}: no law takes less than {floor}");
    assert!(bits[1] - floor < 0.27, "{bits:?}");
}

/// The digits that were not trained on, by the network that this crate trained
/// (tests/data/README.md) and by the public implementation's: same images, same noise, so most of
/// each standard error is common to both.
#[test]
fn held_out_digits_take_no_more_bits_than_the_public_implementations_network() {
    let scratch = Scratch::new("learning-digits");
    let real = npz::open(REAL).unwrap();
    write_examples(&scratch, &real, 1500, 64);
    let [ours, theirs] = ["data/digits16_ours", "../examples/assets/digits16"].map(|name| {
        let checkpoint = format!("{ROOT}/{name}.safetensors");
        let options = "--data held_out.npz --steps early50";
        let bits = bits_per_dim(&scratch, &format!("--checkpoint {checkpoint} {options}"));
        println!("{name}: {:.3} ± {:.3} bits/dim", bits.0, bits.1);
        bits
    });
    assert!(
        ours.0 - theirs.0 < ours.1.hypot(theirs.1),
        "{ours:?}, {theirs:?}"
    );
}

/// A hundred steps on the digits: what they save is a checkpoint, the loss falls by more than half.
#[test]
fn a_run_on_digits_learns_and_leaves_what_it_should() {
    let scratch = Scratch::new("learning-run");
    let real = npz::open(REAL).unwrap();
    write_examples(&scratch, &real, 0, 128);
    succeed(
        "train",
        &scratch,
        "--data held_out.npz --run run --attention 2 --heads 2 --steps 100 --batch 16 --lr 1e-3 \
         --save-every 50 --log-every 10 --sample-every 100 --ema 0.9,0.99",
    );
    let log = std::fs::read_to_string(scratch.join("run/log.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 10);
    let loss = |line: &serde_json::Value| line["loss"].as_f64().unwrap();
    assert!(loss(&lines[9]) < 0.5 * loss(&lines[0]), "{log}");
    for key in ["step", "quartiles", "grad_norm", "lr", "images_per_second"] {
        assert!(!lines[9][key].is_null(), "{key}: {log}");
    }
    let samples = image::open(scratch.join("run/samples-00000100.png")).unwrap();
    let pixels = samples.to_rgb8();
    assert!(pixels.pixels().any(|pixel| pixel != &pixels[(0, 0)]));
    let plot = std::fs::read_to_string(scratch.join("run/loss.svg")).unwrap();
    for text in [
        "Loss of the run",
        "step",
        "first quarter",
        "second",
        "third",
        "last",
        "all t",
    ] {
        assert!(plot.contains(text), "{text}: {plot}");
    }
    // What has ten points is no line of the mesh.
    let lines = plot.split("points=\"").skip(1);
    let points = |line: &str| line.split('"').next().unwrap().split_whitespace().count();
    assert_eq!(lines.filter(|line| points(line) == 10).count(), 5, "{plot}");
    for name in ["model", "ema_0.9", "ema_0.99"] {
        let checkpoint = format!("run/step-00000100/{name}.safetensors");
        let options = "--data held_out.npz --steps 5 --count 2";
        succeed(
            "nll",
            &scratch,
            &format!("--checkpoint {checkpoint} {options}"),
        );
    }
}

fn write_examples(scratch: &Scratch, real: &Images, first: usize, count: usize) {
    let examples = (first..first + count).map(|index| real.get(index).unwrap());
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for example in examples {
        pixels.extend_from_slice(&example.pixels);
        labels.push(i64::from(example.label.unwrap()));
    }
    let path = scratch.join("held_out.npz");
    write_archive(&path, [count, 16, 16, 1], &pixels, &labels);
}
