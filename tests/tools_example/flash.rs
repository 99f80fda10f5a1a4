//! A network for the flash of a microcontroller: the files, what they say, what is refused.

use std::fs;

use iddpm::checkpoint::{Checkpoint, WeightType};
use iddpm::cpu::{Inputs, Program, ProgramBuf, run};
use iddpm::unet::{Plan, Weights};

use super::scratch::Scratch;
use super::{DIGITS_FILE, refuse, succeed};

const FEW_STEPS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/assets/sprites32_4_steps.safetensors"
);

/// The bytes are the network: they give its bits.
#[test]
fn what_is_written_is_the_network() {
    let scratch = Scratch::new("flash-network");
    let printed = succeed(
        "flash_network",
        &scratch,
        &[DIGITS_FILE, "--steps", "10", "--out", "flash"],
    );
    let file = |name: &str| fs::read(scratch.join("flash").join(name)).unwrap();
    let text = |name: &str| String::from_utf8(file(name)).unwrap();
    let (program, weights) = (file("program.bin"), file("weights.bin"));
    let program = Program::from_bytes(&program).unwrap();
    let bytes = Weights::F16Bytes(weights.as_chunks().0);

    let digits = Checkpoint::open(DIGITS_FILE, WeightType::AsStored).unwrap();
    let graph = digits.graph();
    let due = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    assert_eq!(program, due.view().unwrap());
    let evaluate = |weights| {
        let x: Vec<f32> = (0..program.x_len())
            .map(|at| (at % 7) as f32 / 3.0 - 1.0)
            .collect();
        let inputs = Inputs {
            x: &x,
            timesteps: &[500.0],
            labels: Some(&[3]),
            low_res: None,
        };
        let mut workspace = vec![0.0; program.workspace_len()];
        let mut output = vec![0.0; program.output_len()];
        run(&program, weights, &inputs, &mut workspace, &mut output).unwrap();
        output
    };
    assert_eq!(evaluate(bytes), evaluate(digits.weights()));

    let memory = 4 * (program.workspace_len() + 2 * 256 + 512);
    for line in [
        format!("flash: {} bytes of weights, ", weights.len()),
        format!("memory: {memory} bytes, "),
        "an evaluation: 658".into(),
    ] {
        assert!(
            printed.lines().any(|is| is.starts_with(&line)),
            "{line}: {printed}"
        );
    }
    // The first and the last of its steps, in both languages, as shortest decimals.
    let process = digits.description().card.diffusion;
    let process = process
        .process(iddpm::diffusion::Timesteps::even(10))
        .unwrap();
    let (module, header) = (text("network.rs"), text("network.h"));
    for level in process.levels() {
        let (at, beta, alpha_bar) = (level.timestep, level.beta, level.alpha_bar);
        let row = format!("Level {{ timestep: {at}, beta: {beta:?}, alpha_bar: {alpha_bar:?} }},");
        assert!(module.contains(&row), "{row}");
        let row = format!("{{{at}, {beta:?}, {alpha_bar:?}}},");
        assert!(header.contains(&row), "{row}");
    }
    for (said, text) in [
        ("pub const METHOD: Method = Method::Ancestral;", &module),
        ("pub const WORKSPACE: usize = 65728;", &module),
        ("#define IDDPM_NETWORK_METHOD \"ancestral\"", &header),
        ("#define IDDPM_NETWORK_WORKSPACE 65728", &header),
    ] {
        assert!(text.contains(said), "{said}");
    }
}

/// A distilled network has its own steps; what is asked may keep a second image and want a section.
#[test]
fn options_reach_the_files() {
    let scratch = Scratch::new("flash-options");
    let words = [FEW_STEPS, "--section", ".weights", "--out", "few"];
    succeed("flash_network", &scratch, &words);
    let read = |name: &str| fs::read_to_string(scratch.join(name)).unwrap();
    let module = read("few/network.rs");
    for said in [
        "pub static STEPS: [Level; 4]",
        "Method::Ddim { eta: 0.0 }",
        "#[unsafe(link_section = \".weights\")]",
        "\"mushroom\"",
        "pub const HISTORY: usize = 0;",
    ] {
        assert!(module.contains(said), "{said}: {module}");
    }
    assert!(read("few/network.S").contains(".section .weights, \"a\""));
    let header = read("few/network.h");
    assert!(
        header.contains("#define IDDPM_NETWORK_METHOD \"ddim\""),
        "{header}"
    );

    // Over what is there, whole.
    let words = [DIGITS_FILE, "--method", "dpm", "--out", "few"];
    succeed("flash_network", &scratch, &words);
    let module = read("few/network.rs");
    assert!(module.contains("Method::DpmSolverPlusPlus2M"), "{module}");
    assert!(
        module.contains("pub const HISTORY: usize = 256;"),
        "{module}"
    );
    assert!(module.contains("pub static STEPS: [Level; 15]"), "{module}");
    assert!(!module.contains("link_section"), "{module}");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let scratch = Scratch::new("flash-refused");
    scratch.write("file", b"");
    for (words, due) in [
        (
            &[DIGITS_FILE, "--steps", "0", "--out", "o"][..],
            "--steps 0: 0 steps kept",
        ),
        (&[FEW_STEPS, "--steps", "9", "--out", "o"], "--steps 9: "),
        (
            &[FEW_STEPS, "--method", "dpm", "--out", "o"],
            "--method dpm: ",
        ),
        (
            &[DIGITS_FILE, "--method", "euler", "--out", "o"],
            "--method euler: ",
        ),
        (
            &[DIGITS_FILE, "--section", "a\n.b", "--out", "o"],
            "for '--section <SECTION>': a name of letters",
        ),
        (
            &[DIGITS_FILE, "--out", "file"],
            "--out writing file: this is a file, not a folder",
        ),
        (&["file", "--out", "o"], "file: "),
    ] {
        let (_, errors) = refuse("flash_network", &scratch, &words.to_vec());
        assert!(errors.contains(due), "{words:?}: {errors}");
    }
    assert!(!scratch.join("o").exists());
}
