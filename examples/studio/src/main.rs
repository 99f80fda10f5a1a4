//! A window that draws with a model: its classes, seeds, steps, methods; pictures to begin from and masks, painted
//! in place; what was drawn, to be looked at again and saved.
//!
//! `cargo run --release --example studio --features gpu`
//!
//! The window is eframe's, on wgpu. Where its device is a GPU, the model shares it: a run is recorded within the
//! frames, under a budget, and painted into a texture there. Where it is software, or the processor is asked for,
//! it goes on there within the same budget, a part of a step in each frame.

mod app;
#[path = "../../support/device_options.rs"]
mod device_options;
mod drawing;
#[path = "../../support/drawing_words.rs"]
mod drawing_words;
mod history;
mod host;
mod machine;
#[path = "../../support/milliseconds.rs"]
mod milliseconds;
mod options;
mod order;
mod painting;
mod picture;
mod pixels;
#[path = "../../support/program.rs"]
mod program;
mod saving;
#[path = "../../support/seed.rs"]
mod seed;
mod settings;
#[cfg(test)]
mod tests;
#[path = "../../support/texture.rs"]
mod texture;
#[path = "../../support/threads.rs"]
mod threads;
mod times;
mod views;
#[path = "../../support/words.rs"]
#[allow(dead_code, reason = "of what several programs share")]
mod words;

use std::process::ExitCode;

use app::App;
use options::Options;
use program::{Failure, say};

fn main() -> ExitCode {
    program::run(open_window)
}

fn open_window(options: &Options) -> Result<(), Failure> {
    options.device.check()?;
    let model = options.model()?;
    for note in model.notes() {
        say(note)?;
    }
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    let options = options.clone();
    let window = host::window(options.device.adapter.clone());
    let opened = eframe::run_native(
        "iddpm studio",
        window,
        Box::new(|context| {
            let host = context.wgpu_render_state.as_ref().map(host::Host::of);
            let app = App::new(options, host, &model).map_err(|error| error.to_string())?;
            Ok(Box::new(app))
        }),
    );
    opened.map_err(|error| format!("the window: {error}").into())
}
