// The gradient of a convolution with respect to its input as a product [K, R]·[R, N·H·W] in cooperative
// matrices; shared/conv_grad_input.wgsl has what is computed, shared/matrices.wgsl and shared/conv_walk.wgsl how.
//
// The positions see the gradient through the kernel turned by half: through tap t what the weights of tap
// side² - 1 - t have made of them. Where the gradient is f32 it is rounded to f16.
//
// What is brought of the weights at once is of one channel k: a row of the left factor.

const LEFT_BY_ROWS: bool = true;

fn sizes() -> Sizes {
    let image = params.height * params.width;
    return Sizes(params.inputs, image, params.outputs, params.outputs, 1u, 0u, 0u);
}

fn seen_number(at: u32) -> Grad {
    return grad[at];
}

// How many channels are seen, and numbers of one.
fn seen_channels() -> u32 {
    return params.outputs;
}

fn seen_plane() -> u32 {
    return params.out_height * params.out_width;
}

// A position of the output, counted over the batch: its image, and the top left corner of what it sees of the gradient,
// before its coordinates are divided by the stride.
struct Place {
    image: u32,
    y: i32,
    x: i32,
    inside: bool,
}

fn place_of(position: u32) -> Place {
    let pad = i32(params.side - 1u - params.side / 2u);
    let row = position / params.width;
    return Place(
        row / params.height,
        i32(row % params.height) - pad,
        i32(position % params.width) - pad,
        position < params.batch * params.height * params.width,
    );
}

// What a position sees through one tap of the turned kernel, in the first channel.
struct Seen {
    at: u32,
    inside: bool,
}

fn seen_from(place: Place, tap: u32) -> Seen {
    let up = around(place.y + i32(tap / params.side), i32(params.height), params.wrap_y);
    let left = around(place.x + i32(tap % params.side), i32(params.width), params.wrap_x);
    let row = u32(max(up, 0)) / params.stride;
    let column = u32(max(left, 0)) / params.stride;
    let is_whole = i32(row * params.stride) == up && i32(column * params.stride) == left;
    let inside = place.inside && is_whole && row < params.out_height && column < params.out_width;
    let at = place.image * (params.outputs * seen_plane()) + row * params.out_width + column;
    return Seen(at, inside);
}

fn is_doubled() -> bool {
    return false;
}

fn left_fours(walk: Walk, turn: u32, lane: u32) -> Fours {
    let tap = tap_of(walk, turn);
    let taps = params.side * params.side;
    let fours = (params.outputs + 3u) / 4u;
    let four = walk.channel / 4u + lane % LEFT_FOURS;
    let channel = walk.first_row + lane / LEFT_FOURS;
    let at = (channel * taps + taps - 1u - tap) * fours + four;
    // Of channels behind the last there are no weights.
    let end = select(0u, params.inputs, four < fours);
    return weights_from(at, LEFT_AT_ONCE * taps * fours, channel, end);
}

fn end_channel(stretch: u32, channel: u32, row: u32, at: u32, sum: f32) {
    finish_at(at, sum);
}
