// The convolution as a product [M, R]·[R, N·P] in cooperative matrices; shared/conv.wgsl has what is computed,
// shared/matrices.wgsl and shared/conv_walk.wgsl how.
//
// What is brought of the weights at once is of one input channel: a column of the left factor.

const LEFT_BY_ROWS: bool = false;

// The second part of a concatenation, for seen_laws.wgsl or skip_quads.wgsl; the laws of the former.
@group(0) @binding(7) var<storage, read> second: array<Second>;
@group(0) @binding(8) var<storage, read> laws: array<vec4<f32>>;

fn sizes() -> Sizes {
    let image = params.out_height * params.out_width;
    return Sizes(
        params.outputs,
        image,
        params.inputs,
        params.split_inputs,
        params.splits,
        params.skip_inputs,
        params.split_skip,
    );
}

fn seen_number(at: u32) -> Input {
    return input[at];
}

fn is_doubled() -> bool {
    return params.upsample != 0u;
}

fn left_fours(walk: Walk, turn: u32, lane: u32) -> Fours {
    let tap = tap_of(walk, turn);
    let skips = is_skip(tap);
    let taps = select(params.side * params.side, 1u, skips);
    let fours = (params.outputs + 3u) / 4u;
    let four = walk.first_row / 4u + lane % LEFT_FOURS;
    let channel = walk.channel + lane / LEFT_FOURS;
    let line = select(channel * taps + tap, channel, skips);
    let at = line * fours + four + select(0u, params.skip_weight, skips);
    // Of channels behind the last there are no weights.
    let end = select(0u, walk.end, four < fours);
    return weights_from(at, LEFT_AT_ONCE * taps * fours, channel, end);
}

fn end_channel(stretch: u32, channel: u32, row: u32, at: u32, sum: f32) {
    finish_at(stretch, channel, row, at, sum);
}
