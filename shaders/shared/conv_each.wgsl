// What positions of a convolution see, or of its gradient, read number by number: whatever stride, doubling,
// edges and rows.

// Four positions, of whatever rows and images.
struct Places {
    p0: Place,
    p1: Place,
    p2: Place,
    p3: Place,
}

fn places_of(first: u32) -> Places {
    return Places(place_of(first), place_of(first + 1u), place_of(first + 2u), place_of(first + 3u));
}

// What they see through one tap of the kernel, in the first channel.
struct FourSeen {
    at: vec4<u32>,
    inside: vec4<bool>,
}

fn four_seen(places: Places, tap: u32) -> FourSeen {
    let s0 = seen_from(places.p0, tap);
    let s1 = seen_from(places.p1, tap);
    let s2 = seen_from(places.p2, tap);
    let s3 = seen_from(places.p3, tap);
    return FourSeen(
        vec4(s0.at, s1.at, s2.at, s3.at),
        vec4(s0.inside, s1.inside, s2.inside, s3.inside),
    );
}

fn seen_at(seen: FourSeen, channel: u32, is_there: bool) -> vec4<f16> {
    let at = seen.at + channel * seen_plane();
    let four = vec4(
        f16(seen_number(at.x)),
        f16(seen_number(at.y)),
        f16(seen_number(at.z)),
        f16(seen_number(at.w)),
    );
    return select(vec4<f16>(), four, seen.inside & vec4(is_there));
}

// What becomes of that: here nothing is normalised.
fn seen_through(seen: FourSeen, channel: u32, four: vec4<f16>, is_there: bool) -> vec4<f16> {
    return four;
}
