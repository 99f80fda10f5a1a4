//! Writes digits16 as a firmware holds it: `network_files FOLDER` makes `program.bin`, `weights.bin` (f16, little-endian)
//! and `network.rs`, which includes both.

use std::{env, fs, path::PathBuf};

use firmware::digits16::MODEL;
use iddpm::checkpoint::{Checkpoint, WeightType};
use iddpm::cpu::ProgramBuf;
use iddpm::unet::{Plan, Weights};

fn main() {
    let folder = PathBuf::from(env::args_os().nth(1).expect("a folder is named"));
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/assets/digits16.safetensors"
    );
    let checkpoint = Checkpoint::open(path, WeightType::F16).expect("digits16 is there");
    assert_eq!(checkpoint.description().card.diffusion, MODEL);

    let graph = checkpoint.description().graph(1).expect("it is a network");
    let program = ProgramBuf::new(&graph, &Plan::single(&graph)).expect("it is a program");
    let workspace = program.view().expect("it is a program").workspace_len();
    let Weights::F16(weights) = checkpoint.weights() else {
        unreachable!("they are read as f16")
    };
    let bytes: Vec<u8> = weights.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let constants = format!(
        "/// The program of one image.
pub static PROGRAM: &[u8] = include_bytes!(\"program.bin\");
/// The weights, in a section of their own: a board may hold them in another memory.
#[unsafe(link_section = \".weights\")]
pub static WEIGHTS: Aligned<[u8; {}]> = Aligned(*include_bytes!(\"weights.bin\"));
/// Numbers of the workspace.
pub const WORKSPACE: usize = {workspace};
",
        bytes.len()
    );
    fs::create_dir_all(&folder).expect("the folder can be made");
    let files = [
        ("program.bin", program.as_bytes()),
        ("weights.bin", &bytes),
        ("network.rs", constants.as_bytes()),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("the folder can be written to");
    }
    println!(
        "multiply_adds={} workspace={}",
        graph.flops() / 2,
        4 * workspace
    );
}
