//! The brush, and what it paints on.

use eframe::egui::{self, Slider};

use crate::app::{Action, App};
use crate::painting::Tool;

const TOOLS: [(Tool, &str, &str); 4] = [
    (Tool::Colour, "Colour", "Paints"),
    (
        Tool::Erase,
        "Erase",
        "Makes transparent, or black where the model has no alpha",
    ),
    (
        Tool::Mask,
        "Mask",
        "Marks what is drawn anew; the rest keeps its bytes",
    ),
    (Tool::Keep, "Keep", "Takes marks away"),
];

pub(super) fn show(ui: &mut egui::Ui, app: &mut App) -> Option<Action> {
    let mut asked = None;
    ui.horizontal_wrapped(|ui| {
        ui.checkbox(&mut app.is_on_painting, "init")
            .on_hover_text("Begins on the painting, in place of noise");
        let paint = egui::Button::new("Paint");
        let paint = ui.add_enabled(app.shown().is_some(), paint);
        if paint
            .on_hover_text("P: takes the picture as init")
            .clicked()
        {
            asked = Some(Action::Paint);
        }
        if !app.is_on_painting {
            return;
        }
        ui.separator();
        for (tool, name, says) in TOOLS {
            ui.selectable_value(&mut app.brush.tool, tool, name)
                .on_hover_text(says);
        }
        ui.color_edit_button_srgba_unmultiplied(&mut app.brush.colour);
        if app.model().image().channels < 3 {
            ui.label("as grey")
                .on_hover_text("The model draws no colours: of what is painted it takes the grey");
        }
        let label = ui.label("brush");
        ui.spacing_mut().slider_width = 40.0;
        let most = app.painting.size().0 as f32;
        ui.add(Slider::new(&mut app.brush.size, 1.0..=most).integer())
            .labelled_by(label.id);
        if ui.button("Clear").on_hover_text("The picture").clicked() {
            app.painting.clear();
        }
        if ui.button("Clear mask").clicked() {
            app.painting.clear_mask();
        }
    });
    asked
}
