// What all variants of the convolution share: their numbers, what they bind beside the weights, how they end.
//
// output[n, m, y, x] = bias[m] + shift[n, m] + residual[n, m, y, x]
//                    + Σ_{k, dy, dx} weight[k, dy, dx, m]·in[n, k, stride·y + dy - pad, stride·x + dx - pad]
//                    + skip_bias[m] + Σ_l skip_weight[l, m]·residual[n, l, y, x]
//
// `in` is the input [N, K, H, W], each value repeated 2×2 where `upsample`; outside it is 0, or goes round where
// `wrap_y` and `wrap_x` say so; pad = side/2; `side` is that of the kernel. weight is [K, side, side, M], M padded
// with zeros to a multiple of 4, so that channels lie beside each other; it is read four at a time. shift and
// residual only where flagged.
//
// Where there are `skip_inputs`, that many channels of `residual` are not added but seen through a kernel of one, a
// convolution of its own that ends in this one; then residual is not flagged. Its weights [L, M], padded like the others,
// lie so many fours behind those of `weight`, its bias so many numbers behind that of `bias`.

struct Params {
    batch: u32,
    inputs: u32,
    height: u32,
    width: u32,
    outputs: u32,
    out_height: u32,
    out_width: u32,
    side: u32,
    stride: u32,
    upsample: u32,
    wrap_y: u32,
    wrap_x: u32,
    has_shift: u32,
    has_residual: u32,
    // The input channels are cut into so many stretches of so many, each summed for itself, and then those
    // sums are added in order. Where JOINED, by the workgroup that has summed them; otherwise each stretch
    // is another workgroup's, which writes its sums, [splits, N, M, H', W'], and conv_sum adds them. The
    // same bits either way: how an image is cut does not depend on how many there are.
    splits: u32,
    split_inputs: u32,
    // Each stretch has its share of the residual's channels too, behind its input channels.
    skip_inputs: u32,
    split_skip: u32,
    skip_weight: u32,
    skip_bias: u32,
    // Where the input is normalised as it is read, as seen_laws.wgsl has it: how many channels the first part of a
    // concatenation has, or all, and whether the SiLU is behind that.
    first_inputs: u32,
    is_active: u32,
    // The same of the skip's channels.
    first_skip: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read> shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<Output>;

// Adds what else is to be added to a sum over all input channels, or over one stretch, and writes it.
fn finish(split: u32, n: u32, m: u32, position: u32, sum: f32) {
    if m >= params.outputs || n >= params.batch {
        return;
    }
    let channel = n * params.outputs + m;
    finish_at(split, channel, m, channel * params.out_height * params.out_width + position, sum);
}

// The same where it is known to be of the output: its channel counted over the batch, and its place.
fn finish_at(split: u32, channel: u32, m: u32, at: u32, sum: f32) {
    if params.splits > 1u && !JOINED {
        let numbers = params.batch * params.outputs * params.out_height * params.out_width;
        output[split * numbers + at] = Output(sum);
        return;
    }
    var value = sum + weight_in(bias[word_of(m)], m);
    if params.skip_inputs != 0u {
        let b = params.skip_bias + m;
        value += weight_in(bias[word_of(b)], b);
    }
    if params.has_shift != 0u {
        value += shift[channel];
    }
    if params.has_residual != 0u {
        value += residual_at(at);
    }
    output[at] = Output(value);
}

// Where a position of the output, counted over the batch, lies in the residual's first channel; past the last one
// wherever.
fn skip_place(position: u32) -> u32 {
    let image = params.out_height * params.out_width;
    return position / image * (params.skip_inputs * image) + position % image;
}
