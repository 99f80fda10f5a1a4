//! The networks of golden cases: their options, and the generator of their parameters.

use iddpm::unet::UnetConfig;
use serde_json::Value;

use super::case::{Outcome, flag, number, whole};

/// The parameter generator of the golden numbers.
pub(crate) fn generate(seed: u64, name: &str, len: usize, center: f64, scale: f64) -> Vec<f32> {
    let mut key = 0xCBF2_9CE4_8422_2325_u64;
    for byte in name.bytes() {
        key = (key ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    }
    let key = key ^ seed;
    let number = |i: u64| {
        let mut z = key.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let u = (z >> 40) as f64 / f64::from(1 << 24);
        (center + scale * (2.0 * u - 1.0)) as f32
    };
    (0..len as u64).map(number).collect()
}

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
        num_heads,
        num_heads_upsample,
        scale_shift: flag(model, "use_scale_shift_norm")?,
        super_resolution: flag(model, "super_res")?,
    })
}
