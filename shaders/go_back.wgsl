// x ← back_x·x + back_noise·z: back by the forward process to where a stretch of steps began, in the steps that end one
// which is walked again; elsewhere the weights are 1 and 0.
//
// x, z (`normals`) [N, D]. One invocation owns one element. Nothing is flagged that is not finite: the step has flagged
// its x, the noise is drawn, and no weight is more than 1.

struct Params {
    count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> normals: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at < params.count {
        x[at] = step_numbers.back_x * x[at] + step_numbers.back_noise * normals[at];
    }
}
