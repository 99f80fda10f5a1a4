// The residual of a convolution in matrices that is seen through a kernel of one, four numbers at a time: where images have
// a multiple of four numbers. It may be a concatenation, as what seen_laws.wgsl reads.

@group(0) @binding(5) var<storage, read> residual: array<vec4<f16>>;

fn residual_at(at: u32) -> f32 {
    return f32(residual[at / 4u][at % 4u]);
}

// Where four positions lie: their image, and where in a channel, a multiple of 4.
struct SkipPlaces {
    image: u32,
    position: u32,
}

fn skip_places(first: u32) -> SkipPlaces {
    let image = params.out_height * params.out_width;
    return SkipPlaces(first / image, first % image);
}

fn skip_at(places: SkipPlaces, channel: u32, is_there: bool) -> vec4<f16> {
    if !is_there {
        return vec4<f16>();
    }
    let before = params.first_skip;
    let is_second = channel >= before;
    let channels = select(before, params.skip_inputs - before, is_second);
    let own = select(channel, channel - before, is_second);
    let at = (places.image * channels + own) * (params.out_height * params.out_width) + places.position;
    if is_second {
        return second[at / 4u];
    }
    return residual[at / 4u];
}
