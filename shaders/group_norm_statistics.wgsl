// statistics[n, g] = (mean, 1/√(variance + ε)) of group g of image n, ε = 1e-5.
//
// input [N, C, P], a group's numbers being neighbours; statistics [N, G], G the number of `groups`.
// One workgroup owns one group. The variance is the mean square about the mean, in a second pass; lane
// sums are added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    batch: u32,
    groups: u32,
    group_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec2<f32>>;

const LANES: u32 = 256u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    if group >= params.batch * params.groups {
        return;
    }
    let first = group * params.group_elements;
    let count = f32(params.group_elements);
    var mine = 0.0;
    for (var i = lane; i < params.group_elements; i += LANES) {
        mine += f32(input[first + i]);
    }
    let mean = sum(lane, mine) / count;
    var squares = 0.0;
    for (var i = lane; i < params.group_elements; i += LANES) {
        let centred = f32(input[first + i]) - mean;
        squares += centred * centred;
    }
    let variance = sum(lane, squares) / count;
    if lane == 0u {
        statistics[group] = vec2(mean, 1.0 / sqrt(variance + 1e-5));
    }
}
