// output[class, c] = Σ grad[n, c] over the images n of that class.
//
// grad [N, C], labels [N] as whole numbers in f32, output [classes, C]. One invocation makes one number.

struct Params {
    batch: u32,
    channels: u32,
    classes: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.classes * params.channels {
        return;
    }
    let class_of_row = at / params.channels;
    let c = at % params.channels;
    var sum = 0.0;
    for (var n = 0u; n < params.batch; n++) {
        // One out of range counts as the last class, which is what the embedding read.
        if min(u32(labels[n]), params.classes - 1u) == class_of_row {
            sum += grad[n * params.channels + c];
        }
    }
    output[at] = sum;
}
