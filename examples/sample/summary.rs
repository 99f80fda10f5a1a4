//! What a model is, in a line.

use iddpm::Model;
use iddpm::text::OneLine;

pub(crate) fn of(model: &Model) -> String {
    let description = model.description();
    let size = description.size;
    let names = model.class_names().iter().enumerate();
    let names: Vec<_> = names
        .map(|(at, name)| format!("{at} {}", OneLine(name)))
        .collect();
    let classes = match (model.classes(), names.as_slice()) {
        (0, _) => String::new(),
        (classes, []) => format!(", {classes} classes"),
        (classes, names) => format!(", {classes} classes ({})", names.join(", ")),
    };
    let channels = match description.unet.in_channels {
        1 => "1 channel".to_owned(),
        channels => format!("{channels} channels"),
    };
    format!(
        "{}x{} pixels, {channels}{classes}, T = {}, {} at step {}",
        size.width,
        size.height,
        description.card.diffusion.num_timesteps,
        description.card.weights,
        description.card.step,
    )
}
