// output[n] = first[n], then second[n]: channels of one image after those of the other.
//
// `first` and `second` have so many numbers for each image. One invocation copies one number.

struct Params {
    batch: u32,
    first_elements: u32,
    second_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<First>;
@group(0) @binding(2) var<storage, read> second: array<Second>;
@group(0) @binding(3) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    let elements = params.first_elements + params.second_elements;
    if at >= params.batch * elements {
        return;
    }
    let n = at / elements;
    let i = at % elements;
    if i < params.first_elements {
        output[at] = Output(first[n * params.first_elements + i]);
    } else {
        output[at] = Output(second[n * params.second_elements + i - params.first_elements]);
    }
}
