//! The classes of a batch, in the form in which the network reads them.

use std::vec::Vec;

use crate::diffusion::Sample;
use crate::gpu::error::GpuError;
use crate::unet::{Graph, Input};

/// The class of each image in f32; none where the network knows of none.
pub(super) fn labels(graph: &Graph, samples: &[Sample]) -> Result<Vec<f32>, GpuError> {
    let expected = graph.input(Input::Labels).is_some();
    // Where no class is known, none that is given passes.
    let classes = graph.classes().unwrap_or(0);
    let mut labels = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        if sample.label.is_some() != expected {
            return Err(GpuError::LabelsExpected { expected });
        }
        let Some(label) = sample.label else { continue };
        if label >= classes {
            return Err(GpuError::Label {
                index,
                label,
                classes,
            });
        }
        labels.push(label as f32);
    }
    Ok(labels)
}
