// output[n, c, p] = the group normalisation of input[n, c, p] as shared/group_norm.wgsl has it, from known statistics.
//
// input and output [N, C, P]; statistics [N, G] as (mean, rstd), from group_norm_statistics. One invocation makes one
// number.

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
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> weight: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<u32>;
@group(0) @binding(5) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.batch * params.channels * params.positions {
        return;
    }
    let plane = at / params.positions;
    let n = plane / params.channels;
    let law = law_of(n, plane % params.channels, statistics[plane / params.per_group]);
    output[at] = Output(by_law(f32(input[at]), law, params.silu != 0u));
}
