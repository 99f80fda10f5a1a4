//! A graph as plain data, without a device, in every way that a device could run it.

use iddpm::gpu::{
    AttentionVariant, ConvVariant, DeviceClass, MatrixSide, Precision, Recorded, Reduction,
    Variants, WeightPlan, plan, record, wgpu,
};
use iddpm::unet::Graph;

const PRECISIONS: [Precision; 3] = [Precision::Full, Precision::HalfWeights, Precision::Half];

/// Every choice that any device could make.
fn all_variants() -> Vec<Variants> {
    let mut all = Vec::new();
    for conv in [
        ConvVariant::Plain,
        ConvVariant::Tiled,
        ConvVariant::Matrix(MatrixSide::Eight),
        ConvVariant::Matrix(MatrixSide::Sixteen),
        ConvVariant::Matrix(MatrixSide::SixteenWide),
    ] {
        for attention in [
            AttentionVariant::Plain,
            AttentionVariant::Shared,
            AttentionVariant::Matrix(MatrixSide::Eight),
            AttentionVariant::Matrix(MatrixSide::Sixteen),
        ] {
            for reduction in [Reduction::Tree, Reduction::Subgroups] {
                for class in [DeviceClass::Large, DeviceClass::Small] {
                    all.push(Variants {
                        conv,
                        attention,
                        reduction,
                        class,
                    });
                }
            }
        }
    }
    all
}

/// A graph as every device could run it, weights in buffers of the default limits.
pub(crate) fn each_recording(graph: &Graph, mut visit: impl FnMut(&str, &Recorded)) {
    let limit = wgpu::Limits::default().max_storage_buffer_binding_size;
    for precision in PRECISIONS {
        let plan = plan(graph, precision);
        let stored = WeightPlan::new(graph, precision, limit).unwrap();
        for variants in all_variants() {
            let how = format!("{precision:?}, {variants:?}");
            visit(&how, &record(graph, &plan, &stored, variants).unwrap());
        }
    }
}
