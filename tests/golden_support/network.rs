//! The networks of golden cases: their options, and the generator of their parameters.

use iddpm::unet::UnetConfig;
use serde_json::Value;

use super::case::{Outcome, flag, number, whole};
pub(crate) use super::generator::generate;

pub(crate) fn config(model: &Value) -> Outcome<UnetConfig> {
    let at = |key: &str| whole(model, key).map(|number| number as usize);
    let numbers =
        |key: &str| -> Outcome<Vec<usize>> { Ok(serde_json::from_value(model[key].clone())?) };
    let num_heads = at("num_heads")?;
    let num_heads_upsample = match number(model, "num_heads_upsample")? {
        -1.0 => num_heads,
        heads => heads as usize,
    };
    Ok(UnetConfig {
        in_channels: at("in_channels")?,
        model_channels: at("model_channels")?,
        out_channels: at("out_channels")?,
        num_res_blocks: at("num_res_blocks")?,
        attention_factors: numbers("attention_ds")?,
        channel_mult: numbers("channel_mult")?,
        conv_resample: flag(model, "conv_resample")?,
        num_classes: serde_json::from_value(model["num_classes"].clone())?,
        null_class: false,
        norm_groups: UnetConfig::DEFAULT_NORM_GROUPS,
        num_heads,
        num_heads_upsample,
        scale_shift: flag(model, "use_scale_shift_norm")?,
        super_resolution: flag(model, "super_res")?,
    })
}
