// output[n, c, p] = the group normalisation of input[n, c, p] as shared/group_norm.wgsl has it, statistics and all.
//
// input and output [N, C, P], a group's numbers being neighbours. One workgroup owns one group, which it reads three times:
// for groups so small that the second and the third time they are in a cache.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    per_group: u32,
    silu: u32,
    modulated: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<Output>;

const LANES: u32 = 256u;

fn number_at(at: u32) -> f32 {
    return f32(input[at]);
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
    let elements = params.per_group * params.positions;
    let first = group * elements;
    let statistics = statistics_of(lane, first, elements);
    let first_channel = group % groups * params.per_group;
    for (var i = lane; i < elements; i += LANES) {
        let law = law_of(group / groups, first_channel + i / params.positions, statistics);
        output[first + i] = Output(by_law(number_at(first + i), law, params.silu != 0u));
    }
}
