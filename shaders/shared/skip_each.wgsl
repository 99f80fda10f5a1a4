// What is seen of a convolution's residual through a kernel of one, number by number.

// Where four positions lie in its first channel.
alias SkipPlaces = vec4<u32>;

fn skip_places(first: u32) -> SkipPlaces {
    return vec4(skip_place(first), skip_place(first + 1u), skip_place(first + 2u), skip_place(first + 3u));
}

fn skip_at(places: SkipPlaces, channel: u32, is_there: bool) -> vec4<f16> {
    let at = places + channel * (params.out_height * params.out_width);
    let four = vec4(f16(residual[at.x]), f16(residual[at.y]), f16(residual[at.z]), f16(residual[at.w]));
    return select(vec4<f16>(), four, is_there);
}
