// average ← rate·average + rest·weight, rest = 1 - rate; nothing where the gradient was not finite.
//
// Of averages beside the first, which adamw brings along. One invocation owns one number.

struct Params {
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> rate: AverageRate;
@group(0) @binding(2) var<storage, read> report: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> average: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.elements || report[1] == 0.0 {
        return;
    }
    average[at] = rate.rate * average[at] + rate.rest * weight[at];
}
