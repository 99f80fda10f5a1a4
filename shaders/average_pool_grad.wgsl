// output[.., y, x] = grad[.., y/2, x/2]/4, and 0 in a last odd row or column.
//
// grad [planes, H/2, W/2], output [planes, H, W]. One invocation makes one number.

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
    let x = at % params.width / 2u;
    let y = (at / params.width) % params.height / 2u;
    let plane = at / params.width / params.height;
    let rows = params.height / 2u;
    let columns = params.width / 2u;
    var value = 0.0;
    if y < rows && x < columns {
        value = 0.25 * f32(grad[(plane * rows + y) * columns + x]);
    }
    output[at] = Output(value);
}
