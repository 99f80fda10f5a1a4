//! The class that an option names.

use iddpm::checkpoint::Description;
use iddpm::text::OneLine;

use super::program::Failure;

/// A class that is given by its number or its name.
pub(crate) fn number_of(class: &str, description: &Description) -> Result<u32, Failure> {
    let Some(classes) = description.unet.num_classes else {
        return Err("--class: this network has no classes".into());
    };
    let names = description.class_names.as_deref().unwrap_or_default();
    let named = names.iter().position(|name| name == class);
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    // Where names are numbers, a number is a name.
    let counted = names.is_empty() || !names.iter().all(|name| is_number(name));
    let number = || {
        class
            .parse()
            .ok()
            .filter(|&number| counted && number < classes)
    };
    if let Some(found) = named.or_else(number) {
        return Ok(found as u32);
    }
    let names = names.iter().map(|name| OneLine(name).to_string());
    let names: Vec<String> = names.collect();
    let numbers = counted.then(|| format!("0 to {}", classes - 1));
    let known: Vec<String> = numbers.into_iter().chain(names).collect();
    Err(format!(
        "--class {class:?}: this network's classes are {}",
        known.join(", ")
    )
    .into())
}
