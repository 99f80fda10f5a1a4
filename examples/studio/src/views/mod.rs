//! What is seen: panels of controls, which change settings in place and ask for all else.

mod controls;
mod histogram;
mod history;
mod paint;
mod picture;
mod status;

use eframe::egui::{self, Key, Modifiers};

use super::app::{Action, App};

/// Shows the window, and says what was asked for.
pub(crate) fn show(ui: &mut egui::Ui, app: &mut App) -> Vec<Action> {
    let mut asked = Vec::new();
    if !app.is_writing {
        asked.extend(key(ui));
    }
    egui::Panel::bottom("status").show(ui, |ui| asked.extend(status::show(ui, app)));
    egui::Panel::left("controls")
        .exact_size(290.0)
        .show(ui, |ui| {
            egui::ScrollArea::vertical().show(ui, |ui| {
                asked.extend(controls::show(ui, app));
                histogram::show(ui, app);
            });
        });
    egui::Panel::right("history")
        .exact_size(92.0)
        .show(ui, |ui| asked.extend(history::show(ui, app)));
    egui::CentralPanel::default().show(ui, |ui| {
        asked.extend(paint::show(ui, app));
        picture::show(ui, app);
    });
    app.is_writing = ui.ctx().egui_wants_keyboard_input();
    asked
}

/// Keys that stand for buttons, while no text is written.
const KEYS: [(Modifiers, Key, Action); 5] = [
    (Modifiers::NONE, Key::Enter, Action::Draw),
    (Modifiers::NONE, Key::N, Action::Next),
    (Modifiers::NONE, Key::P, Action::Paint),
    (Modifiers::NONE, Key::Escape, Action::Stop),
    (Modifiers::COMMAND, Key::S, Action::Save),
];

fn key(ui: &egui::Ui) -> Option<Action> {
    ui.input_mut(|input| {
        let pressed = KEYS
            .into_iter()
            .find(|(with, key, _)| input.consume_key(*with, *key));
        pressed.map(|(.., action)| action)
    })
}
