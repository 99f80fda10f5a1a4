// What a position of a convolution's output sees of its input. The numbers are the kernel's.

// A position of the output, counted over the batch: its image, and its top left corner in the input.
struct Place {
    image: u32,
    y: i32,
    x: i32,
    inside: bool,
}

fn place_of(position: u32) -> Place {
    let pad = i32(params.side / 2u);
    let row = position / params.out_width;
    return Place(
        row / params.out_height,
        i32(row % params.out_height * params.stride) - pad,
        i32(position % params.out_width * params.stride) - pad,
        position < params.batch * params.out_height * params.out_width,
    );
}

// What a position sees through one tap of the kernel, in the first channel.
struct Seen {
    at: u32,
    inside: bool,
}

fn seen_from(place: Place, tap: u32) -> Seen {
    let rows = i32(params.height << params.upsample);
    let columns = i32(params.width << params.upsample);
    let y = around(place.y + i32(tap / params.side), rows, params.wrap_y);
    let x = around(place.x + i32(tap % params.side), columns, params.wrap_x);
    let inside = place.inside && y >= 0 && y < rows && x >= 0 && x < columns;
    let at = place.image * (params.inputs * seen_plane()) + (u32(max(y, 0)) >> params.upsample) * params.width
        + (u32(max(x, 0)) >> params.upsample);
    return Seen(at, inside);
}

// How many channels are seen, and numbers of one.
fn seen_channels() -> u32 {
    return params.inputs;
}

fn seen_plane() -> u32 {
    return params.height * params.width;
}
