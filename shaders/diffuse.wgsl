// output[n, e] = √ᾱ·x_start[n, e] + √(1-ᾱ)·noise[n, e], the roots from row n.
//
// x_start, noise and output [N, E]; rows [N]. One invocation makes one number.

struct Params {
    batch: u32,
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x_start: array<f32>;
@group(0) @binding(2) var<storage, read> noise: array<f32>;
@group(0) @binding(3) var<storage, read> rows: array<LossRow>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.batch * params.elements {
        return;
    }
    let n = at / params.elements;
    output[at] = rows[n].sqrt_alpha_bar * x_start[at] + rows[n].sqrt_one_minus_alpha_bar * noise[at];
}
