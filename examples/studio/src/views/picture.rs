//! The picture, and the painting beside it, each pixel a square of whole pixels of the screen.

use eframe::egui::{self, Rect, Sense, Vec2, pos2, vec2};

use crate::app::App;

pub(super) fn show(ui: &mut egui::Ui, app: &mut App) {
    let size = app.painting.size();
    let room = ui.available_rect_before_wrap();
    let shown = match app.is_on_painting {
        true => {
            let (left, right) = room.split_left_right_at_fraction(0.5);
            paint_on(ui, app, fit(ui, left, size));
            right
        }
        false => room,
    };
    let rect = fit(ui, shown, size);
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "picture"));
    app.board.paint(ui.painter(), rect);
    if let Some(picture) = &app.picture {
        picture.show(ui.painter(), rect);
    }
}

/// The painting, which a brush goes over.
fn paint_on(ui: &mut egui::Ui, app: &mut App, rect: Rect) {
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "painting"));
    let scale = rect.width() / app.painting.size().0 as f32;
    let place = |at: egui::Pos2| ((at - rect.min) / scale).into();
    if let Some(at) = response.interact_pointer_pos() {
        let from = match response.dragged() {
            true => at - response.drag_delta(),
            false => at,
        };
        app.painting.stroke(&app.brush, place(from), place(at));
    }
    app.board.paint(ui.painter(), rect);
    app.painted.follow(ui.ctx(), &app.painting);
    app.painted.paint(ui.painter(), rect);
    if let Some(at) = response.hover_pos() {
        let radius = 0.5 * scale * app.brush.size;
        ui.painter()
            .circle_stroke(at, radius, (1.0, ui.visuals().strong_text_color()));
    }
}

/// The largest rectangle in the middle of a room in which each pixel of a picture has whole pixels of the screen.
fn fit(ui: &egui::Ui, room: Rect, (width, height): (usize, usize)) -> Rect {
    let (size, per_point) = (vec2(width as f32, height as f32), ui.pixels_per_point());
    let fits: Vec2 = room.size() * per_point / size;
    let scale = fits.min_elem().floor().max(1.0);
    let shown = size * scale / per_point;
    let corner = room.center() - 0.5 * shown;
    let whole = |at: f32| (at * per_point).round() / per_point;
    Rect::from_min_size(pos2(whole(corner.x), whole(corner.y)), shown)
}
