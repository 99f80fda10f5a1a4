// What a product in matrices reads four numbers at a time, all of it in one place and as it is.

// Where a channel of an image begins.
fn line_of(image: u32, channel: u32) -> u32 {
    return (image * seen_channels() + channel) * seen_plane();
}

// The next channel's.
fn next_line(line: u32) -> u32 {
    return line + seen_plane();
}

// Four numbers from a place on, a multiple of 4; zeros where there are none.
fn four_in(line: u32, at: u32, inside: bool) -> vec4<f16> {
    let place = select(0u, (line + at) / 4u, inside);
    return select(vec4<f16>(), vec4<f16>(seen_number(place)), inside);
}

// What becomes of them.
fn four_through(image: u32, channel: u32, four: vec4<f16>, inside: vec4<bool>) -> vec4<f16> {
    return four;
}
