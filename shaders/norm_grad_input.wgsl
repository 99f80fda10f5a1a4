// output = rstd·(d - mean d - x̂·mean d·x̂), d = ∂z·weight[c]·(1 + scale[n, c]), means over the group.
//
// ∂z, x̂ as in norm_sums, from which the means follow: its sums [N, 2C + 2G] also hold the statistics.
// input, grad and output [N, C, P]; weight and bias [C]; scale_shift [N, 2C], scale then shift, only
// where `modulated`. A workgroup owns 512 positions of one channel of one image, an invocation 8 of them.

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
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<u32>;
@group(0) @binding(6) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(7) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tiles = (params.positions + 511u) / 512u;
    let group_of_work = flat_workgroup(workgroup, workgroups);
    let plane = group_of_work / tiles;
    if plane >= params.batch * params.channels {
        return;
    }
    let channels = params.channels;
    let n = plane / channels;
    let c = plane % channels;
    let per_group = channels / params.groups;
    let group = c / per_group;
    let row = n * 2u * (channels + params.groups);
    let mean = sums[row + 2u * channels + group];
    let rstd = sums[row + 2u * channels + params.groups + group];

    var means = vec2<f32>();
    for (var i = 0u; i < per_group; i++) {
        let other = group * per_group + i;
        means += gain(n, other) * vec2(sums[row + other], sums[row + channels + other]);
    }
    means /= f32(per_group * params.positions);

    let scale = modulation(n, c);
    var shift = 0.0;
    if params.modulated != 0u {
        shift = scale_shift[n * 2u * channels + channels + c];
    }
    let factor = weight_in(weight[word_of(c)], c);
    let summand = weight_in(bias[word_of(c)], c);
    for (var i = 0u; i < 8u; i++) {
        let p = (group_of_work % tiles) * 512u + 64u * i + lane;
        if p >= params.positions {
            return;
        }
        let at = plane * params.positions + p;
        let normal = (f32(input[at]) - mean) * rstd;
        var d = f32(grad[at]) * factor * scale;
        if params.silu != 0u {
            d *= silu_slope((normal * factor + summand) * scale + shift);
        }
        output[at] = Output(rstd * (d - means.x - normal * means.y));
    }
}

// 1 + scale of a channel.
fn modulation(n: u32, c: u32) -> f32 {
    if params.modulated != 0u {
        return 1.0 + scale_shift[n * 2u * params.channels + c];
    }
    return 1.0;
}

// What the normalised input of a channel is multiplied by.
fn gain(n: u32, c: u32) -> f32 {
    return weight_in(weight[word_of(c)], c) * modulation(n, c);
}
