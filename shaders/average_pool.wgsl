// output[.., y, x] = mean of input[.., 2y..2y+2, 2x..2x+2]; a last odd row or column is left out.
//
// input [planes, H, W], output [planes, H/2, W/2]. One invocation makes one number.

struct Params {
    planes: u32,
    height: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    let out_height = params.height / 2u;
    let out_width = params.width / 2u;
    if at >= params.planes * out_height * out_width {
        return;
    }
    let x = at % out_width;
    let y = (at / out_width) % out_height;
    let plane = at / out_width / out_height;
    let above = (plane * params.height + 2u * y) * params.width + 2u * x;
    let below = above + params.width;
    let upper = f32(input[above]) + f32(input[above + 1u]);
    let lower = f32(input[below]) + f32(input[below + 1u]);
    output[at] = Output(0.25 * (upper + lower));
}
