//! The constants as a module in Rust.

use std::fmt::Write;

use super::flash::Flash;

pub(crate) fn module(flash: &Flash<'_>) -> String {
    let Flash {
        name,
        model,
        low_res,
        output,
        workspace,
        class_names,
        process,
        method,
        image,
        ..
    } = flash;
    let mut levels = String::new();
    for level in process.levels() {
        // Debug formatting prints the shortest decimal that reads back as the same f64.
        let (timestep, beta, alpha_bar) = (level.timestep, level.beta, level.alpha_bar);
        let _ = writeln!(
            levels,
            "    Level {{ timestep: {timestep}, beta: {beta:?}, alpha_bar: {alpha_bar:?} }},"
        );
    }
    let (with_low_res, low_res_doc) = match low_res {
        0 => ("", ""),
        _ => (
            ".with_low_res(&self.low_res)?",
            ", and the image that is enlarged",
        ),
    };
    let section = match &flash.section {
        Some(section) => format!("#[unsafe(link_section = {section:?})]\n"),
        None => String::new(),
    };
    format!(
        "// {name}; made by `flash_network`.

use iddpm::cpu::{{Bare, Program}};
use iddpm::diffusion::{{Diffusion, Image, Level, Method, Prediction, Schedule, Variance}};
use iddpm::unet::Weights;

/// The network as instructions, for `Program::from_bytes`.
pub static PROGRAM: &[u8; {program_len}] = include_bytes!(\"program.bin\");
{section}static WEIGHT_BYTES: [u8; {weights_len}] = *include_bytes!(\"weights.bin\");
/// All of its weights.
pub const WEIGHTS: Weights<'static> = Weights::F16Bytes(WEIGHT_BYTES.as_chunks().0);
/// What it was trained on.
pub const MODEL: Diffusion<'static> = Diffusion {{
    schedule: Schedule::{schedule:?},
    num_timesteps: {num_timesteps},
    zero_terminal_snr: {zero_terminal_snr},
    prediction: Prediction::{prediction:?},
    variance: Variance::{variance:?},
    rescale_timesteps: {rescale_timesteps},
}};
/// How its steps are taken.
pub const METHOD: Method = Method::{method:?};
/// The steps, the least noisy first, for `Process::from_table`.
pub static STEPS: [Level; {steps}] = [
{levels}];
/// The names of its classes.
#[allow(dead_code)]
pub const CLASSES: [&str; {classes}] = {class_names:?};
/// Channels, height and width of an image.
pub const SHAPE: [usize; 3] = [{channels}, {height}, {width}];
/// Numbers of an image; of what the network returns; of its workspace; of what the method keeps; of the image that is enlarged.
pub const IMAGE: usize = {elements};
pub const OUTPUT: usize = {output};
pub const WORKSPACE: usize = {workspace};
pub const HISTORY: usize = {history};
pub const LOW_RES: usize = {low_res};

/// All that a run needs beside the stack{low_res_doc}.
#[allow(dead_code)]
pub struct Memory {{
    pub x: [f32; IMAGE],
    pub output: [f32; OUTPUT],
    pub noise: [f32; IMAGE],
    pub history: [f32; HISTORY],
    pub low_res: [f32; LOW_RES],
    pub workspace: [f32; WORKSPACE],
}}

impl Memory {{
    pub const NEW: Self = Self {{
        x: [0.0; IMAGE],
        output: [0.0; OUTPUT],
        noise: [0.0; IMAGE],
        history: [0.0; HISTORY],
        low_res: [0.0; LOW_RES],
        workspace: [0.0; WORKSPACE],
    }};

    /// The network, and the image that it draws.
    pub fn split(&mut self) -> Result<(Bare<'_>, Image<'_>), iddpm::Error> {{
        let network = Bare::new(Program::from_bytes(PROGRAM)?, WEIGHTS, &mut self.workspace)?{with_low_res};
        let image = Image {{
            x: &mut self.x,
            output: &mut self.output,
            noise: &mut self.noise,
            history: &mut self.history,
        }};
        Ok((network, image))
    }}
}}
",
        program_len = flash.program.as_bytes().len(),
        weights_len = flash.weights.len(),
        schedule = model.schedule,
        num_timesteps = model.num_timesteps,
        zero_terminal_snr = model.zero_terminal_snr,
        prediction = model.prediction,
        variance = model.variance,
        rescale_timesteps = model.rescale_timesteps,
        steps = process.len(),
        classes = class_names.len(),
        channels = image.channels,
        height = image.height,
        width = image.width,
        elements = flash.elements(),
        history = flash.history(),
    )
}
