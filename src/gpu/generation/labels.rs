//! The classes of a batch, as the network wants them.

use std::vec::Vec;

use crate::diffusion::Sample;
use crate::gpu::error::GpuError;
use crate::unet::{Graph, Input, Op};

/// The class of each image in f32; none where the network knows of none.
pub(super) fn labels(graph: &Graph, samples: &[Sample]) -> Result<Vec<f32>, GpuError> {
    let expected = graph.input(Input::Labels).is_some();
    let classes = classes(graph);
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

/// How many classes the network knows.
fn classes(graph: &Graph) -> u32 {
    let tables = graph.nodes().iter().filter_map(|node| {
        let Op::LabelEmbedding { table, .. } = node.op else {
            return None;
        };
        graph.param(table)
    });
    tables.map(|table| table.rows() as u32).next().unwrap_or(0)
}
