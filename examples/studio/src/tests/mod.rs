//! The window without a screen: its controls are found by their names, and what they do is compared with what the door
//! draws and writes by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod controls;
mod drawing;
mod files;
mod painting;
mod times;

use clap::Parser;
use eframe::egui::{self, Event, Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use iddpm::{Device, Draw, Images, Model, Studio};

use crate::app::{App, Said};
use crate::options::Options;

/// Frames within which every drawing here is done, however little of it fits into one.
const PATIENCE: usize = 2000;

/// A window without a screen.
type Window = Harness<'static, App>;

/// A window as it is opened with these words behind the program's name, on the processor.
fn window(words: &str) -> Window {
    let words = format!("studio --backend cpu {words}");
    let options = Options::parse_from(words.split_whitespace());
    let model = options.model().unwrap();
    let app = App::new(options, None, &model).unwrap();
    Harness::builder()
        .with_size([1060.0, 740.0])
        .build_ui_state(|ui, app: &mut App| app.frame(ui), app)
}

/// Frames until nothing is on its way.
fn wait(window: &mut Window) {
    for _ in 0..PATIENCE {
        window.step();
        if !window.state().is_busy() {
            return;
        }
    }
    panic!("it is not done after {PATIENCE} frames");
}

/// Clicks a button, and lets the frame pass in which it is heard.
fn click(window: &mut Window, name: &str) {
    window.get_by_label(name).click();
    window.step();
}

/// Chooses an entry of a list.
fn choose(window: &mut Window, list: &str, entry: &str) {
    window.get_by_label(list).click();
    window.run_steps(2);
    // In a long list it may be out of sight.
    window.get_by_label(entry).scroll_to_me();
    window.run_steps(30);
    click(window, entry);
    window.run_steps(2);
}

/// Writes a text in place of another, and leaves the field.
fn write(window: &mut Window, field: &str, text: &str) {
    window.get_by_label(field).focus();
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.step();
    match text {
        "" => window.key_press(Key::Backspace),
        text => window.event(Event::Text(text.into())),
    }
    window.step();
    window.key_press(Key::Escape);
    window.step();
}

/// Types a number beside a slider in place of the one that is there.
fn type_number(window: &mut Window, slider: &str, text: &str) {
    let number = window.get_by_role_and_label(Role::SpinButton, slider);
    number.click();
    window.run_steps(2);
    window.event(Event::Text(text.into()));
    window.step();
    window.key_press(Key::Enter);
    window.run_steps(2);
}

/// The drawing that is looked at.
fn chosen(window: &Window) -> &Images {
    let history = &window.state().history;
    &history.chosen().expect("a drawing is done").drawn.images
}

/// What the window says is wrong.
fn failure(window: &Window) -> &str {
    match &window.state().said {
        Said::Failed(why) => why,
        Said::Done(line) => panic!("nothing is wrong: {line}"),
    }
}

fn assets() -> std::path::PathBuf {
    std::path::absolute("../assets").unwrap()
}

/// The door itself, of a shipped model.
fn door(model: &str) -> Studio {
    let model = Model::open(assets().join(model)).unwrap();
    model.on(Device::cpu()).unwrap()
}

/// What the door draws of the shipped sprites.
fn drawn(draw: &Draw) -> Images {
    door("sprites32.safetensors").sample(draw, 1).unwrap()
}

/// A key, while no field is written into.
fn press(window: &mut Window, with: egui::Modifiers, key: Key) {
    window.key_press_modifiers(with, key);
    window.step();
}
