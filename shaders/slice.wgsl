// output[n, e] = input[n, start + e]: some of the channels of a tensor.
//
// input [N, I], output [N, E]. One invocation copies one number.

struct Params {
    batch: u32,
    input_elements: u32,
    start: u32,
    elements: u32,
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
    if at >= params.batch * params.elements {
        return;
    }
    let n = at / params.elements;
    output[at] = Output(f32(input[n * params.input_elements + params.start + at % params.elements]));
}
