//! The device, how far a drawing is, what was said last, and where it is saved.

use std::path::Path;

use eframe::egui::{self, ProgressBar, TextEdit};

use crate::app::{Action, App, Said};

pub(super) fn show(ui: &mut egui::Ui, app: &mut App) -> Option<Action> {
    let mut asked = None;
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let label = ui.label("out");
        let is_shown = app.shown().is_some();
        let path = TextEdit::singleline(&mut app.path).desired_width(260.0);
        ui.add_enabled(is_shown, path).labelled_by(label.id);
        let save = ui.add_enabled(is_shown, egui::Button::new("Save"));
        let save = save.on_hover_text(
            "Ctrl+S: x.png the picture, its colours listed where it has a palette; x.gif its steps; x.npz its numbers",
        );
        if save.clicked() {
            asked = Some(Action::Save);
        }
        if let Some(drawing) = &app.drawing {
            let (taken, steps) = drawing.steps();
            let bar = ProgressBar::new(drawing.fraction());
            ui.add(bar.text(format!("step {taken} of {steps}")));
        }
    });
    match &app.said {
        Said::Done(line) => ui.label(line),
        Said::Failed(why) => ui.colored_label(ui.visuals().error_fg_color, why),
    };
    if let Some(left_out) = &app.left_out {
        ui.label(left_out);
    }
    let path = app.model().path().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().display();
    let device = app.machine.device();
    ui.weak(format!("{name}, running on {device}"))
        .on_hover_text(path.display().to_string());
    ui.add_space(2.0);
    asked
}
