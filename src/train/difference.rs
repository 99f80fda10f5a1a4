//! The difference between two descriptions of a run: the one field, by its name.

use std::format;
use std::string::{String, ToString};

use serde::Serialize;
use serde_json::Value;

use super::error::TrainError;
use crate::checkpoint::Description;

/// A field that differs, as `unet.num_res_blocks`, and its values as JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) one: String,
    pub(super) other: String,
}

/// The first field in which two values differ; `name` is that of the values.
///
/// # Errors
/// [`TrainError::NotJson`] for values that have no form as JSON, as a schedule that is a table.
pub(super) fn between<T: Serialize>(
    name: &str,
    one: &T,
    other: &T,
) -> Result<Option<Difference>, TrainError> {
    let value = |of: &T| {
        serde_json::to_value(of).map_err(|error| TrainError::NotJson {
            field: name.into(),
            reason: error.to_string(),
        })
    };
    Ok(in_values(name, &value(one)?, &value(other)?))
}

/// The first field in which two networks differ: their images, their diffusion, the timesteps that they know, how they
/// are built, what their classes are called, what else is noted of them. Of which step they are, and which weights, is none.
///
/// # Errors
/// Those of [`between`].
pub(super) fn between_networks(
    one: &Description,
    other: &Description,
) -> Result<Option<Difference>, TrainError> {
    let found = [
        between("size", &one.size, &other.size)?,
        between("diffusion", &one.card.diffusion, &other.card.diffusion)?,
        between("grid", &one.grid, &other.grid)?,
        between("unet", &one.unet, &other.unet)?,
        between("class_names", &one.class_names, &other.class_names)?,
        between("notes", &one.notes, &other.notes)?,
    ];
    Ok(found.into_iter().flatten().next())
}

fn in_values(name: &str, one: &Value, other: &Value) -> Option<Difference> {
    if let (Value::Object(one), Value::Object(other)) = (one, other) {
        let keys = one.keys().chain(other.keys());
        return keys
            .filter_map(|key| {
                let within = match name {
                    "" => key.clone(),
                    name => format!("{name}.{key}"),
                };
                let value = |of: &serde_json::Map<String, Value>| of.get(key).cloned();
                let (one, other) = (value(one), value(other));
                // Absent: null.
                in_values(
                    &within,
                    &one.unwrap_or_default(),
                    &other.unwrap_or_default(),
                )
            })
            .next();
    }
    (one != other).then(|| Difference {
        field: name.into(),
        one: one.to_string(),
        other: other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::train::TrainConfig;

    #[test]
    fn the_field_is_named_with_both_values() {
        let config = TrainConfig::default();
        assert!(matches!(between("", &config, &config), Ok(None)));
        let mut other = config.clone();
        other.adamw.weight_decay = 0.5;
        let differing = |other: &TrainConfig| between("", &config, other).ok().flatten();
        let found = differing(&other).map(|found| {
            let Difference { field, one, other } = found;
            [field, one, other]
        });
        let expected = ["adamw.weight_decay", "0.0", "0.5"].map(String::from);
        assert_eq!(found, Some(expected));
        other.ema_rates = Vec::new();
        other.adamw = config.adamw;
        let found = differing(&other).map(|found| found.other);
        assert_eq!(found.as_deref(), Some("[]"));
    }
}
