// statistics[n, g] = (mean, 1/√(variance + ε)) of group g of image n, ε = 1e-5.
//
// input [N, C, P] in 32 groups of C/32 channels, a group's numbers being neighbours; statistics [N, 32].
// One workgroup owns one group. The variance is the mean square about the mean, in a second pass; lane
// sums are added as a tree, always in the same order.

struct Params {
    batch: u32,
    group_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec2<f32>>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    if group >= params.batch * 32u {
        return;
    }
    let first = group * params.group_elements;
    let count = f32(params.group_elements);
    var sum = 0.0;
    for (var i = lane; i < params.group_elements; i += 256u) {
        sum += input[first + i];
    }
    let mean = total(lane, sum) / count;
    var squares = 0.0;
    for (var i = lane; i < params.group_elements; i += 256u) {
        let centred = input[first + i] - mean;
        squares += centred * centred;
    }
    let variance = total(lane, squares) / count;
    if lane == 0u {
        statistics[group] = vec2(mean, 1.0 / sqrt(variance + 1e-5));
    }
}

// The sum of all lanes' numbers, for every lane.
fn total(lane: u32, mine: f32) -> f32 {
    workgroupBarrier();
    sums[lane] = mine;
    for (var half = 128u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            sums[lane] += sums[lane + half];
        }
    }
    workgroupBarrier();
    return sums[0];
}
