//! What steers a run beside its sampler, as dispatches around those of a step: guidance, a part of a picture that is
//! kept, a palette.

use std::vec::Vec;

use super::error::GpuError;
use super::kernels::declare::word;
use super::kernels::{go_back, guide, keep, palette, twice};
use super::places::{Ends, Places, Sizes};
use super::recording::{Binding, Contents, Dispatch, Recording};
use crate::diffusion::{Controls, Guidance, KnownBuf, PaletteBuf};
use crate::memory::collected;

/// Words that a device gets as they are.
fn words(numbers: &[f32]) -> Result<Vec<u32>, GpuError> {
    let words = numbers.iter().map(|number| number.to_bits());
    Ok(collected(numbers.len(), words)?)
}

/// The images for a network that sees each twice, of which `x` are the first half.
pub(super) fn images_twice(x: Binding, sizes: Sizes) -> Dispatch {
    let count = word(sizes.batch * sizes.elements);
    twice::dispatch("x twice", &twice::Params { count }, twice::Bindings { x })
}

/// One output of two.
pub(super) fn guided(
    recording: &mut Recording,
    Guidance { scales, .. }: &Guidance,
    ends: &Ends,
    places: &Places,
    sizes: Sizes,
) -> Result<Dispatch, GpuError> {
    let params = guide::Params {
        batch: word(sizes.batch),
        elements: word(sizes.elements),
        output_elements: word(sizes.output_elements),
    };
    let bindings = guide::Bindings {
        output: ends.output,
        scales: constant(recording, "scales", scales)?,
        guided: places.output,
    };
    Ok(guide::dispatch("guided", &params, bindings))
}

/// The nearest colours of x̂_0.
pub(super) fn snapped(
    recording: &mut Recording,
    controls: &Controls,
    places: &Places,
    sizes: Sizes,
) -> Result<Option<Dispatch>, GpuError> {
    let Some(PaletteBuf {
        colours, channels, ..
    }) = &controls.palette
    else {
        return Ok(None);
    };
    let channels = (*channels).max(1);
    let params = palette::Params {
        batch: word(sizes.batch),
        channels: word(channels),
        pixels: word(sizes.elements / channels),
        output_elements: word(sizes.output_elements),
        colours: word(colours.len() / channels),
    };
    let bindings = palette::Bindings {
        step_numbers: places.step,
        x: places.x,
        output: places.output,
        colours: constant(recording, "colours", colours)?,
        x_start: places.x_start,
    };
    Ok(Some(palette::dispatch("colours", &params, bindings)))
}

/// What is kept of a picture, put in place; the noise is drawn before.
pub(super) fn kept(
    recording: &mut Recording,
    KnownBuf { picture, mask }: &KnownBuf,
    places: &Places,
    sizes: Sizes,
) -> Result<Dispatch, GpuError> {
    let params = keep::Params {
        batch: word(sizes.batch),
        elements: word(sizes.elements),
    };
    let bindings = keep::Bindings {
        step_numbers: places.step,
        picture: constant(recording, "picture", picture)?,
        mask: constant(recording, "mask", mask)?,
        normals: places.normals,
        x: places.x,
        x_start: places.x_start,
    };
    Ok(keep::dispatch("kept", &params, bindings))
}

/// Back to where a stretch of steps began; the noise is drawn before.
pub(super) fn back(places: &Places, sizes: Sizes) -> Dispatch {
    go_back::dispatch(
        "back",
        &go_back::Params {
            count: word(sizes.batch * sizes.elements),
        },
        go_back::Bindings {
            step_numbers: places.step,
            normals: places.normals,
            x: places.x,
        },
    )
}

fn constant(recording: &mut Recording, name: &str, numbers: &[f32]) -> Result<Binding, GpuError> {
    Ok(recording.add_buffer(name, numbers.len(), Contents::Constant(words(numbers)?)))
}
