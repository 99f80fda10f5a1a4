//! The program: its table and its file, which order it puts sets in, and what it refuses.

use serde_json::Value;

use super::archive::write_archive;
use super::run::{run, succeed};
use super::scratch::Scratch;

/// Numbers of the first table and of the second.
const NUMBERS: [&[&str]; 2] = [
    &[
        "accuracy",
        "inception_score",
        "frechet",
        "frechet_of_real",
        "kernel",
    ],
    &["precision", "recall", "density", "coverage"],
];

/// What makes a run short.
const SHORT: &str = "--steps 40 --resamples 4";

/// Drawn sprites to judge by, and others of the same kind.
fn sprites(scratch: &Scratch) {
    succeed("make_sprites", scratch, "--out real --count 24");
    succeed("make_sprites", scratch, "--out more --count 6 --seed 1");
}

/// Pixels that no sprite has, of all classes.
fn noise(scratch: &Scratch, name: &str, channels: usize) {
    let count = 72;
    let numbers = (0_u32..).map(|at| at.wrapping_mul(0x9E37_79B9) >> 24);
    let pixels: Vec<u8> = numbers
        .take(count * 1024 * channels)
        .map(|x| x as u8)
        .collect();
    let labels: Vec<i64> = (0..count as i64).map(|image| image % 12).collect();
    write_archive(
        &scratch.join(name),
        [count, 32, 32, channels],
        &pixels,
        &labels,
    );
}

/// The one line in which it says why not, and nothing was trained.
fn refuse(scratch: &Scratch, arguments: &str) -> String {
    let output = run("evaluate", scratch, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments}");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1, "{arguments}: {errors}");
    errors
}

#[test]
fn sets_are_judged() {
    let scratch = Scratch::new("evaluate-judged");
    sprites(&scratch);
    noise(&scratch, "noise.npz", 4);
    let options = format!("--real real --alpha keep more noise.npz --json found.json {SHORT}");
    let printed = succeed("evaluate", &scratch, &options);
    let features = |line: &&str| {
        line.starts_with("features of classifier ")
            && line.ends_with(", trained on real, 40 steps, seed 0")
    };
    let features = printed.lines().find(features).unwrap();
    let json = std::fs::read_to_string(scratch.join("found.json")).unwrap();
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["features"], features);
    let sets = found["sets"].as_array().unwrap();
    let names: Vec<&str> = sets
        .iter()
        .map(|set| set["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["real, held out", "more", "noise.npz"]);
    // Two tables of a head and three rows.
    let lines: Vec<&str> = printed.lines().collect();
    let (_, tables) = lines.split_at(lines.len() - 8);
    for (at, set) in sets.iter().enumerate() {
        // They say what the file says.
        let rows = [tables[1 + at], tables[5 + at]];
        for (row, numbers) in rows.iter().zip(NUMBERS) {
            for &number in numbers {
                let of = |part: &str| set[number][part].as_f64().unwrap();
                let text = format!("{:.4} ± {:.4}", of("value"), of("error"));
                assert!(row.contains(&text), "{row}: {number} {text}");
            }
            assert!(row.starts_with(set["name"].as_str().unwrap()), "{row}");
        }
        let of = |part: &str| set["nearest"][part].as_f64().unwrap();
        let text = format!("{:.4}, least {:.4}", of("median"), of("least"));
        assert!(rows[1].ends_with(&text), "{rows:?}: {text}");
    }
    let of = |set: usize, number: &str| sets[set][number]["value"].as_f64().unwrap();
    let counts: Vec<u64> = sets
        .iter()
        .map(|set| set["images"].as_u64().unwrap())
        .collect();
    let all = 24 * 12;
    let (trained, reference) = (&found["trained"], &found["reference"]);
    let parts = trained.as_u64().unwrap() + reference.as_u64().unwrap() + counts[0];
    assert_eq!((parts, counts[1], counts[2]), (all, 72, 72));
    // Twelve classes: by chance 1/12. Other sprites are as those held out, noise is nothing like them.
    assert!(
        of(0, "accuracy") > 0.5 && of(1, "accuracy") > 0.5,
        "{printed}"
    );
    assert!(of(2, "accuracy") < 0.3, "{printed}");
    assert_eq!(of(0, "frechet"), of(0, "frechet_of_real"));
    assert!(
        of(1, "frechet") < 3.0 * of(1, "frechet_of_real"),
        "{printed}"
    );
    assert!(of(2, "frechet") > 10.0 * of(1, "frechet"), "{printed}");
    assert!(of(2, "kernel") > 10.0 * of(1, "kernel"), "{printed}");
    // Real ones are near each other; noise, which is all alike to a classifier, is near hardly any.
    for number in ["precision", "recall", "density", "coverage"] {
        assert!(of(1, number) > 0.8, "{printed}");
    }
    for number in ["recall", "coverage"] {
        assert!(of(2, number) < 0.3, "{printed}");
    }
    let near = |set: usize| sets[set]["nearest"]["median"].as_f64().unwrap();
    assert!(
        near(1) < 2.0 * near(0) && near(2) > 2.0 * near(0),
        "{printed}"
    );
    // After so few steps no class is sure; of noise none is likelier than another.
    let sure = |set: usize| of(set, "inception_score");
    assert!(sure(1) > 1.3 && sure(1) <= 12.0, "{printed}");
    assert!(sure(2) < 1.1, "{printed}");

    // The same numbers whatever the threads; others by another seed, which says so.
    let again = succeed("evaluate", &scratch, &format!("{options} --threads 1"));
    let table = |printed: &str| {
        printed
            .lines()
            .rev()
            .take(9)
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(table(&again), table(&printed));
    let other = succeed("evaluate", &scratch, &format!("{options} --seed 5"));
    assert!(other.contains("40 steps, seed 5"), "{other}");
    assert_ne!(table(&other)[0], table(&printed)[0]);
}

/// Classes go by name; without any there is no share, and still a distance.
#[test]
fn classes_of_samples() {
    let scratch = Scratch::new("evaluate-classes");
    succeed("make_sprites", &scratch, "--out real --count 24");
    std::fs::create_dir(scratch.join("axes")).unwrap();
    std::fs::create_dir(scratch.join("untold")).unwrap();
    for number in 0..10 {
        let axe = scratch.join(&format!("real/axe_{number:05}.png"));
        std::fs::copy(&axe, scratch.join(&format!("axes/axe_{number}.png"))).unwrap();
        std::fs::copy(&axe, scratch.join(&format!("untold/{number}.png"))).unwrap();
    }
    let printed = succeed(
        "evaluate",
        &scratch,
        &format!("--real real axes untold {SHORT}"),
    );
    let row = |name: &str| {
        let line = printed
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap()
            .split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let (axes, untold) = (row("axes"), row("untold"));
    assert_eq!(
        (&axes[1][..], &untold[1][..], &untold[2][..]),
        ("10", "10", "-")
    );
    assert!(axes[2].parse::<f64>().unwrap() > 0.5, "{printed}");
    // The same images at the same distance; its error knows of no classes.
    assert_eq!(axes[8], untold[6]);

    // A ground is for what is transparent: an archive of opaque images has nothing to paint over.
    noise(&scratch, "rgb.npz", 3);
    let painted = "--real real --alpha over:#102030 axes rgb.npz --steps 1 --resamples 2";
    let printed = succeed("evaluate", &scratch, painted);
    let said = printed
        .lines()
        .filter(|line| line.contains("painted over #102030"));
    assert_eq!(said.count(), 2, "{printed}");
    assert!(
        printed.lines().any(|line| line.starts_with("rgb.npz ")),
        "{printed}"
    );
}

/// A network of this repository.
pub(crate) fn network(name: &str) -> String {
    format!(
        "{}/../examples/assets/{name}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// What a network draws here is what `sample` draws of it.
#[test]
fn a_network_stands_for_what_it_draws() {
    let scratch = Scratch::new("evaluate-network");
    sprites(&scratch);
    let sprites = network("sprites32");
    succeed(
        "sample",
        &scratch,
        "--backend cpu --steps 2 --method ddim --seed 3 --count 20 --out drawn.npz",
    );
    let printed = succeed(
        "evaluate",
        &scratch,
        &format!(
            "--real real {sprites} drawn.npz --draw steps=2 --draw method=ddim --draw seed=3 --count 20 {SHORT}"
        ),
    );
    let rows = |name: &str| {
        let rows = printed.lines().filter(|line| line.starts_with(name));
        let rows: Vec<&str> = rows.map(|row| row[name.len()..].trim_start()).collect();
        assert_eq!(rows.len(), 2, "{printed}");
        rows
    };
    assert_eq!(rows(&format!("{sprites} ")), rows("drawn.npz "));
    assert!(rows("drawn.npz ")[0].starts_with("20 "), "{printed}");
}

#[test]
fn what_it_refuses() {
    let scratch = Scratch::new("evaluate-refused");
    sprites(&scratch);
    succeed("make_sprites", &scratch, "--out others --count 6");
    for name in std::fs::read_dir(scratch.join("others")).unwrap() {
        let path = name.unwrap().path();
        let other = path.to_str().unwrap().replace("sword_", "sabre_");
        std::fs::rename(&path, other).unwrap();
    }
    let (sprites_file, digits_file) = (network("sprites32"), network("digits16"));
    for (arguments, due) in [
        (format!("--real real {digits_file}"), "draws images of"),
        (
            format!("--real real {sprites_file} --draw steps=5000"),
            "--draw steps=5000: 5000 steps of only",
        ),
        (
            format!("--real real {sprites_file} --draw colour=red"),
            "--draw",
        ),
        (format!("--real others {sprites_file}"), "draws \"sword\""),
    ] {
        let errors = refuse(&scratch, &arguments);
        assert!(errors.contains(due), "{arguments}: {errors}");
    }
    noise(&scratch, "rgb.npz", 3);
    let different: Vec<u8> = (0..64_u8).flat_map(|image| [image; 192]).collect();
    let unlabelled = scratch.join("unlabelled.npz");
    write_archive(&unlabelled, [64, 8, 8, 3], &different, &[]);
    write_archive(
        &scratch.join("small.npz"),
        [4, 8, 8, 3],
        &[7; 4 * 192],
        &[0, 1, 0, 1],
    );
    let cases = [
        ("--real absent", "evaluate: --real absent"),
        ("--real real absent", "evaluate: samples absent"),
        ("--real real small.npz", "evaluate: samples small.npz"),
        (
            "--real real --alpha keep rgb.npz",
            "evaluate: samples rgb.npz",
        ),
        ("--real rgb.npz --size 16", "--size"),
        ("--real rgb.npz --alpha keep", "evaluate: --real rgb.npz"),
        ("--real real --grey --alpha keep", "evaluate: --alpha"),
        ("--real unlabelled.npz", "the data has 0 classes"),
        // All alike: on one side of the split or the other.
        ("--real small.npz", "evaluate: --held-out 0.5"),
        ("--real real --held-out 0", "evaluate: --held-out 0"),
        ("--real real --held-out 1", "evaluate: --held-out 1"),
        ("--real real --held-out nan", "evaluate: --held-out NaN"),
        (
            "--real real --alpha over:#ffffff --held-out 0.005 --steps 1",
            "real, held out",
        ),
        (
            "--real real --json absent/found.json",
            "evaluate: --json absent/found.json",
        ),
    ];
    for (arguments, due) in cases {
        let errors = refuse(&scratch, arguments);
        assert!(errors.contains(due), "{arguments}: {errors}");
    }
    for option in [
        "--steps 0",
        "--resamples 1",
        "--size 0",
        "--seed -1",
        "--threads 0",
        "--alpha grey",
        "--draw steps",
        "--count 0",
        "",
    ] {
        let arguments = match option {
            "" => String::new(),
            option => format!("--real real {option}"),
        };
        let output = run("evaluate", &scratch, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
    }
}
