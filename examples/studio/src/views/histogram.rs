//! How long a drawing's part of each frame took, as bars beside the budget.

use eframe::egui::{self, Rect, Sense, pos2, vec2};

use crate::app::App;
use crate::times::BARS;

const HEIGHT: f32 = 90.0;

pub(super) fn show(ui: &mut egui::Ui, app: &App) {
    let Some(times) = app.times().filter(|times| times.len() > 0) else {
        return;
    };
    let longest = times.quantile(1.0);
    // The budget lies in the middle, or as far to the left as the longest frame wants.
    let most = (2.0 * app.milliseconds).max(1.05 * longest);
    ui.add_space(12.0);
    ui.label("milliseconds of the frames");
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let (painter, visuals) = (ui.painter(), ui.visuals());
    painter.rect_filled(rect, 2.0, visuals.extreme_bg_color);
    let bars = times.bars(most);
    let highest = bars.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = rect.width() / BARS as f32;
    for (at, &count) in bars.iter().enumerate() {
        let left = rect.left() + width * at as f32;
        let top = rect.bottom() - rect.height() * count as f32 / highest;
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + width - 1.0, rect.bottom()));
        painter.rect_filled(bar, 0.0, visuals.selection.bg_fill);
    }
    let budget = rect.left() + rect.width() * (app.milliseconds / most) as f32;
    painter.vline(budget, rect.y_range(), (1.0, visuals.warn_fg_color));
    ui.label(format!(
        "{} frames: median {:.1}, nine of ten below {:.1}, longest {longest:.1}; the line is the budget",
        times.len(),
        times.quantile(0.5),
        times.quantile(0.9),
    ));
}
