// What is kept of a picture, as noisy as x is after the step:
//
//     x       ← m·x + (1 - m)·(kept_picture·picture + kept_noise·z)
//     x_start ← m·x_start + (1 - m)·picture
//
// x, x_start, z (`normals`) [N, D]; picture, mask m [D]. One invocation owns one element.
// Nothing is flagged that is not finite: picture and mask were checked before the run, the noise is drawn, the step has
// flagged its x, and no weight is more than 1.

struct Params {
    batch: u32,
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> picture: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read> normals: array<f32>;
@group(0) @binding(5) var<storage, read_write> x: array<f32>;
@group(0) @binding(6) var<storage, read_write> x_start: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if at >= params.batch * params.elements {
        return;
    }
    let e = at % params.elements;
    let m = mask[e];
    let kept = step_numbers.kept_picture * picture[e] + step_numbers.kept_noise * normals[at];
    x[at] = m * x[at] + (1.0 - m) * kept;
    x_start[at] = m * x_start[at] + (1.0 - m) * picture[e];
}
