// output[n, c, p] = f(GN·(1 + scale[n, c]) + shift[n, c]),
// GN = (input[n, c, p] - mean[n, g])·rstd[n, g]·weight[c] + bias[c], g = c/per_group, f the SiLU where `silu`.
//
// input [N, C, P]; statistics [N, G] as (mean, rstd), from group_norm_statistics; weight and bias [C];
// scale_shift [N, 2C], scale then shift, only where `modulated`. One invocation makes one number.

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
    let c = plane % params.channels;
    let law = statistics[plane / params.per_group];
    var value = (f32(input[at]) - law.x) * law.y * weight_in(weight[word_of(c)], c)
        + weight_in(bias[word_of(c)], c);
    if params.modulated != 0u {
        let row = 2u * n * params.channels;
        value = value * (1.0 + scale_shift[row + c]) + scale_shift[row + params.channels + c];
    }
    output[at] = Output(select(value, silu(value), params.silu != 0u));
}
