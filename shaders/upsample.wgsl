// output[.., y, x] = input[.., y/2, x/2]: each value four times.
//
// input [planes, H, W], output [planes, 2H, 2W]. One invocation makes one number.

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
    let out_width = 2u * params.width;
    let out_height = 2u * params.height;
    if at >= params.planes * out_height * out_width {
        return;
    }
    let x = at % out_width;
    let y = (at / out_width) % out_height;
    let plane = at / out_width / out_height;
    output[at] = Output(input[(plane * params.height + y / 2u) * params.width + x / 2u]);
}
