// The end of a convolution that was cut along its input channels, and the group normalisation behind it, one pass:
//
// made[n, c, p] = Σ_s sums[s, n, c, p] + conv_bias[c] + shift[n, c] + residual[n, c, p]
// output[n, c, p] = the group normalisation of made[n, c, p] as shared/group_norm.wgsl has it, statistics and all.
//
// sums [splits, N, C, P], added in order; made, residual and output [N, C, P]. shift [N, C] is bound as
// `scale_shift` where it is flagged: then there is no scale_shift [N, 2C]. shared/group_norm_made.wgsl has
// how it is gone about.

struct Params {
    batch: u32,
    channels: u32,
    positions: u32,
    per_group: u32,
    silu: u32,
    modulated: u32,
    splits: u32,
    has_shift: u32,
    has_residual: u32,
    skip_bias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> conv_bias: array<u32>;
@group(0) @binding(3) var<storage, read> residual: array<Residual>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<u32>;
@group(0) @binding(6) var<storage, read> scale_shift: array<f32>;
@group(0) @binding(7) var<storage, read_write> made: array<Made>;
@group(0) @binding(8) var<storage, read_write> output: array<Output>;

// A number of the convolution.
fn number_of(n: u32, c: u32, p: u32) -> f32 {
    let at = (n * params.channels + c) * params.positions + p;
    let numbers = params.batch * params.channels * params.positions;
    var value = with_bias(added(numbers, at), c);
    if params.has_shift != 0u {
        value += scale_shift[n * params.channels + c];
    }
    if params.has_residual != 0u {
        value += f32(residual[at]);
    }
    return value;
}
