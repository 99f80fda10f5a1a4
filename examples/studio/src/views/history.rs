//! What was drawn, the newest first.

use eframe::egui::{self, Align2, FontId, Sense, vec2};

use crate::app::{Action, App};

const SIDE: f32 = 64.0;

pub(super) fn show(ui: &mut egui::Ui, app: &App) -> Option<Action> {
    let mut asked = None;
    ui.add_space(4.0);
    ui.label("history");
    egui::ScrollArea::vertical().show(ui, |ui| {
        for (number, entry) in app.history.entries().rev() {
            let settings = &entry.drawn.order.settings;
            let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::click());
            app.board.paint(ui.painter(), rect);
            entry.pixels.paint(ui.painter(), rect);
            if number == app.history.chosen_number() {
                let stroke = (2.0, ui.visuals().selection.stroke.color);
                ui.painter()
                    .rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Outside);
            }
            let class = settings.class.as_deref().unwrap_or_default();
            let name = format!("{class} {}", settings.seed);
            let info = || egui::WidgetInfo::labeled(egui::Role::Button, true, &name);
            response.widget_info(info);
            if response
                .on_hover_text(entry.drawn.order.draw.to_string())
                .clicked()
            {
                asked = Some(Action::Choose(number));
            }
            ui.painter().text(
                rect.left_bottom() + vec2(0.0, 1.0),
                Align2::LEFT_TOP,
                &name,
                FontId::proportional(11.0),
                ui.visuals().text_color(),
            );
            ui.add_space(18.0);
        }
    });
    asked
}
