// statistics[n, g] = (mean, 1/√(variance + ε)) of group g of image n, as shared/group_statistics.wgsl has it.
//
// input [N, C, P], a group's numbers being neighbours; statistics [N, G], G the number of `groups`.
// One workgroup owns one group.

struct Params {
    batch: u32,
    groups: u32,
    group_elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec2<f32>>;

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
    if group >= params.batch * params.groups {
        return;
    }
    let law = statistics_of(lane, group * params.group_elements, params.group_elements);
    if lane == 0u {
        statistics[group] = law;
    }
}
