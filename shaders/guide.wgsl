// Guidance without a classifier (Ho & Salimans 2022), and the one output of each image:
//
//     guided[n, e] = u + scales[n]·(c - u) for the prediction, e < D; c for the variance channels behind it
//
// scales [N]; output [2·N, E]: c of N images with their classes, then u of the same with another or none. guided [N, E]. One invocation makes
// one number. What of an output is not finite stays so, for the step to flag.

struct Params {
    batch: u32,
    elements: u32,
    output_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read_write> guided: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    let all = params.batch * params.output_elements;
    if at >= all {
        return;
    }
    var value = output[at];
    if at % params.output_elements < params.elements {
        let unconditional = output[all + at];
        value = unconditional + scales[at / params.output_elements] * (value - unconditional);
    }
    guided[at] = value;
}
