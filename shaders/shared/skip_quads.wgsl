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
    let plane = params.out_height * params.out_width;
    let line = line_in_parts(places.image, channel, params.first_skip, params.skip_inputs, plane);
    let at = (line.at + places.position) / 4u;
    if line.is_second {
        return second[at];
    }
    return residual[at];
}
