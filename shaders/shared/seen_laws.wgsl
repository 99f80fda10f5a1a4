// What a convolution in matrices reads four numbers at a time and normalises, by laws of shared/group_law.wgsl, one for each
// channel of each image: all of it `input`, or a concatenation, the first channels `input` and those behind it `second`.
// The first are a multiple of 4: with a halo four are seen at once.

fn line_of(image: u32, channel: u32) -> Line {
    return line_in_parts(image, channel, params.first_inputs, params.inputs, seen_plane());
}

// The next channel's, in the same one.
fn next_line(line: Line) -> Line {
    return Line(line.at + seen_plane(), line.is_second);
}

// Four numbers from a place on, a multiple of 4; zeros where there are none.
fn four_in(line: Line, at: u32, inside: bool) -> vec4<f16> {
    if !inside {
        return vec4<f16>();
    }
    if line.is_second {
        return second[(line.at + at) / 4u];
    }
    return input[(line.at + at) / 4u];
}

// What becomes of them: of those outside 0.
fn four_through(image: u32, channel: u32, four: vec4<f16>, inside: vec4<bool>) -> vec4<f16> {
    if !any(inside) {
        return vec4<f16>();
    }
    let law = laws[image * params.inputs + channel].xyz;
    let is_active = params.is_active != 0u;
    let numbers = vec4<f32>(four);
    let made = vec4<f16>(vec4(
        by_law(numbers.x, law, is_active),
        by_law(numbers.y, law, is_active),
        by_law(numbers.z, law, is_active),
        by_law(numbers.w, law, is_active),
    ));
    return select(vec4<f16>(), made, inside);
}
