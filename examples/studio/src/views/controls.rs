//! The options of a drawing, by the words of the command line.

use eframe::egui::{self, Color32, ComboBox, Slider, TextEdit};
use iddpm::run::Palette;

use crate::app::{Action, App};
use crate::drawing_words::{CLIPS, METHODS, WRAPS};
use crate::milliseconds::MOST_MILLISECONDS;
use crate::settings::{Ground, Settings, can_be_guided, classes};
use crate::words::Word;

/// The most that a drawing can have.
const MOST_GUIDANCE: f64 = 100.0;

pub(super) fn show(ui: &mut egui::Ui, app: &mut App) -> Option<Action> {
    ui.add_space(4.0);
    let ground = app.ground();
    let (classes, is_guided) = (classes(app.model()), can_be_guided(app.model()));
    let settings = &mut app.settings;
    egui::Grid::new("options").num_columns(2).show(ui, |ui| {
        class(ui, settings, &classes);
        row(ui, "seed", |ui| text(ui, &mut settings.seed, "0"));
        row(ui, "steps", |ui| {
            text(ui, &mut settings.steps, "the method's")
        });
        words(ui, "method", &mut settings.method, &METHODS);
        if settings.method == "ddim" {
            row(ui, "eta", |ui| {
                ui.add(Slider::new(&mut settings.eta, 0.0..=1.0))
            });
        }
        words(ui, "clip", &mut settings.clip, &CLIPS);
        words(ui, "wrap", &mut settings.wrap, &WRAPS);
        if is_guided {
            // What is usual, 1 to 5, is in the middle.
            let guidance = Slider::new(&mut settings.guidance, 0.0..=MOST_GUIDANCE)
                .logarithmic(true)
                .smallest_positive(0.1);
            row(ui, "guidance", |ui| ui.add(guidance));
        }
        if ground != Ground::Noise {
            row(ui, "strength", |ui| strength(ui, settings, ground));
        }
        if ground == Ground::Masked {
            row(ui, "resample", |ui| {
                text(ui, &mut settings.resample, "1; or 5,10 in stretches")
            });
        }
        row(ui, "palette", |ui| {
            text(ui, &mut settings.palette, "#1a1c2c,#5d275d")
        });
        let budget = Slider::new(&mut app.milliseconds, 1.0..=MOST_MILLISECONDS)
            .logarithmic(true)
            // The command line's may be below.
            .clamping(egui::SliderClamping::Edits);
        row(ui, "milliseconds", |ui| ui.add(budget))
            .on_hover_text("What a drawing may take of each frame");
    });
    swatches(ui, &app.settings.palette);
    buttons(ui, app)
}

/// A name and its control beside it.
fn row(
    ui: &mut egui::Ui,
    name: &str,
    control: impl FnOnce(&mut egui::Ui) -> egui::Response,
) -> egui::Response {
    let label = ui.label(name);
    let response = control(ui).labelled_by(label.id);
    ui.end_row();
    response
}

fn text(ui: &mut egui::Ui, value: &mut String, hint: &str) -> egui::Response {
    ui.add(
        TextEdit::singleline(value)
            .hint_text(hint)
            .desired_width(170.0),
    )
}

/// The strength that is used; what is not touched stays unsaid.
fn strength(ui: &mut egui::Ui, settings: &mut Settings, ground: Ground) -> egui::Response {
    let mut strength = settings.strength(ground);
    let response = ui.add(Slider::new(&mut strength, 0.0..=1.0));
    if response.changed() {
        settings.strength = Some(strength);
    }
    response
}

fn class(ui: &mut egui::Ui, settings: &mut Settings, classes: &[String]) {
    let Some(chosen) = &mut settings.class else {
        return;
    };
    row(ui, "class", |ui| {
        let combo = ComboBox::from_id_salt("class").selected_text(chosen.as_str());
        combo
            .show_ui(ui, |ui| {
                for class in classes {
                    ui.selectable_value(chosen, class.clone(), class);
                }
            })
            .response
    });
}

/// A choice among words, each of which says what it does.
fn words(ui: &mut egui::Ui, name: &str, chosen: &mut String, words: &[Word]) {
    row(ui, name, |ui| {
        let combo = ComboBox::from_id_salt(name).selected_text(chosen.as_str());
        combo
            .show_ui(ui, |ui| {
                for &(word, says) in words {
                    ui.selectable_value(chosen, word.into(), word)
                        .on_hover_text(says);
                }
            })
            .response
    });
}

/// The colours of a palette, once it can be read.
fn swatches(ui: &mut egui::Ui, palette: &str) {
    let Ok(palette) = palette.trim().parse::<Palette>() else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        for &[red, green, blue, alpha] in palette.colours() {
            let colour = Color32::from_rgba_unmultiplied(red, green, blue, alpha);
            egui::color_picker::show_color(ui, colour, egui::vec2(16.0, 16.0));
        }
    });
}

fn buttons(ui: &mut egui::Ui, app: &App) -> Option<Action> {
    let mut asked = None;
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let mut button = |name, key, action| {
            if ui.button(name).on_hover_text(key).clicked() {
                asked = Some(action);
            }
        };
        button("Draw", "Enter", Action::Draw);
        button("Next seed", "N", Action::Next);
        if app.drawing.is_some() {
            button("Stop", "Escape", Action::Stop);
        }
    });
    asked
}
