//! The class that an option names.

use iddpm::checkpoint::Description;

use super::program::Failure;

/// A class that is given by its number or its name.
pub(crate) fn number_of(class: &str, description: &Description) -> Result<u32, Failure> {
    let Some(classes) = description.unet.num_classes else {
        return Err("--class: this network has no classes".into());
    };
    let names = description.class_names.as_deref().unwrap_or_default();
    let named = names.iter().position(|name| name == class);
    let number = named.map_or_else(|| class.parse().ok(), |at| Some(at as u32));
    number
        .filter(|&number| (number as usize) < classes)
        .ok_or_else(|| {
            let names = names.iter().map(|name| format!(", {name}"));
            let names: String = names.collect();
            format!(
                "--class {class}: this network's classes are 0 to {}{names}",
                classes - 1
            )
            .into()
        })
}
