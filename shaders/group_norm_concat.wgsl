// A concatenation and the group normalisation behind it, one pass:
//
// made[n] = given[n], then second[n]: channels of one image after those of the other
// output[n, c, p] = the group normalisation of made[n, c, p] as shared/group_scale.wgsl has it, statistics and
// all, behind it the SiLU where `silu`.
//
// Where there are `splits`, what comes first is a convolution that was cut along its input channels, A of them:
//
// Σ_s sums[s, n, c, p] + conv_bias[c] + given[n, c, p]
//
// `given` then being its residual, if `has_given`. sums [splits, N, A, P], added in order; given [N, A, P], second [N, B, P],
// made and output [N, A + B, P]. shared/group_norm_made.wgsl has how it is gone about.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    per_group: u32,
    silu: u32,
    first_channels: u32,
    splits: u32,
    has_given: u32,
    skip_bias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> conv_bias: array<u32>;
@group(0) @binding(3) var<storage, read> given: array<Given>;
@group(0) @binding(4) var<storage, read> second: array<Second>;
@group(0) @binding(5) var<storage, read> weight: array<u32>;
@group(0) @binding(6) var<storage, read> bias: array<u32>;
@group(0) @binding(7) var<storage, read_write> made: array<Made>;
@group(0) @binding(8) var<storage, read_write> output: array<Output>;

fn law_of(n: u32, c: u32, statistics: vec2<f32>) -> vec3<f32> {
    return scale_of(c, statistics);
}

// A number of the concatenation.
fn number_of(n: u32, c: u32, p: u32) -> f32 {
    let before = params.first_channels;
    if c >= before {
        let channel = n * (params.channels - before) + c - before;
        return f32(second[channel * params.positions + p]);
    }
    let at = (n * before + c) * params.positions + p;
    if params.splits == 0u {
        return f32(given[at]);
    }
    let numbers = params.batch * before * params.positions;
    var value = with_bias(added(numbers, at), c);
    if params.has_given != 0u {
        value += f32(given[at]);
    }
    return value;
}
