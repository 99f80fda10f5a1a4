// laws[n, c] = the law by which a group normalisation goes in image n and channel c, as shared/group_norm.wgsl has it, and 0:
// for a convolution that normalises what it reads.
//
// What is normalised is [N, C, P], a group's numbers being neighbours: all of it `first`, or a concatenation, `first`
// [N, A, P] and of each image behind that `second` [N, C - A, P]. One workgroup owns one group.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    per_group: u32,
    modulated: u32,
    first_channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<First>;
@group(0) @binding(2) var<storage, read> second: array<Second>;
@group(0) @binding(3) var<storage, read> weight: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<u32>;
@group(0) @binding(5) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> laws: array<vec4<f32>>;

const LANES: u32 = 256u;

// The image whose numbers are read.
var<private> image: u32;

fn number_at(at: u32) -> f32 {
    let all = params.channels * params.positions;
    let before = params.first_channels * params.positions;
    if at < before {
        return f32(first[image * before + at]);
    }
    return f32(second[image * (all - before) + at - before]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    let groups = params.channels / params.per_group;
    if group >= params.batch * groups {
        return;
    }
    image = group / groups;
    let elements = params.per_group * params.positions;
    let statistics = statistics_of(lane, group % groups * elements, elements);
    let first_channel = group % groups * params.per_group;
    for (var i = lane; i < params.per_group; i += LANES) {
        let c = first_channel + i;
        laws[image * params.channels + c] = vec4(law_of(image, c, statistics), 0.0);
    }
}
