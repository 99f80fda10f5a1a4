// output[.., y, x] = Σ grad[.., 2y..2y+2, 2x..2x+2]: the gradient of an upsampling.
//
// grad [planes, 2H, 2W], output [planes, H, W]. One invocation makes one number.

struct Params {
    planes: u32,
    height: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grad: array<Grad>;
@group(0) @binding(2) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.planes * params.height * params.width {
        return;
    }
    let x = at % params.width;
    let y = (at / params.width) % params.height;
    let plane = at / params.width / params.height;
    let above = (plane * params.height + y) * 4u * params.width + 2u * x;
    let below = above + 2u * params.width;
    output[at] = Output((f32(grad[above]) + f32(grad[above + 1u])) + (f32(grad[below]) + f32(grad[below + 1u])));
}
