// The residual of a convolution in matrices that is seen through a kernel of one, four numbers at a time: where images have
// a multiple of four numbers.

@group(0) @binding(5) var<storage, read> residual: array<vec4<f16>>;

fn residual_at(at: u32) -> f32 {
    return f32(residual[at / 4u][at % 4u]);
}

// Where four positions lie in its first channel, the first of them a multiple of 4.
alias SkipPlaces = u32;

fn skip_places(first: u32) -> SkipPlaces {
    return skip_place(first);
}

fn skip_at(place: SkipPlaces, channel: u32, is_there: bool) -> vec4<f16> {
    let at = place + channel * (params.out_height * params.out_width);
    return select(vec4<f16>(), residual[select(0u, at / 4u, is_there)], is_there);
}
