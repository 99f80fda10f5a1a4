// What the gradients of a group normalisation share, ∂z and x̂ as shared/norm_grad.wgsl has them:
//
//     output[n] = Σ_p ∂z of each channel, Σ_p ∂z·x̂ of each channel, mean of each group, 1/deviation
//
// input and grad [N, C, P]; statistics [N, G] as (mean, rstd) of G `groups`, from group_norm_statistics;
// output [N, 2C + 2G]. One workgroup owns one channel of one image: 64 lanes sum every 64th position, then
// those are added as shared/reduce_*.wgsl has it, always in the same order.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    groups: u32,
    silu: u32,
    modulated: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read> grad: array<Grad>;
@group(0) @binding(3) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<u32>;
@group(0) @binding(6) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(7) var<storage, read_write> output: array<f32>;

const LANES: u32 = 64u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let plane = flat_workgroup(workgroup, workgroups);
    if plane >= params.batch * params.channels {
        return;
    }
    let channels = params.channels;
    let n = plane / channels;
    let c = plane % channels;
    let per_group = channels / params.groups;
    let group = c / per_group;
    let law = statistics[n * params.groups + group];
    let channel = channel_of(n, c);
    var mine = vec2<f32>();
    for (var p = lane; p < params.positions; p += LANES) {
        let number = seen(channel, law, plane * params.positions + p);
        mine += number.x * vec2(1.0, number.y);
    }
    let all = vec2(sum(lane, mine.x), sum(lane, mine.y));
    if lane == 0u {
        let row = n * 2u * (channels + params.groups);
        output[row + c] = all.x;
        output[row + channels + c] = all.y;
        if c % per_group == 0u {
            output[row + 2u * channels + group] = law.x;
            output[row + 2u * channels + params.groups + group] = law.y;
        }
    }
}
