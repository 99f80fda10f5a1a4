// What positions of a convolution see, or of its gradient, read four numbers at a time: where a row of what
// sees is a row of what is seen, unmoved but for the tap, and rows have a multiple of four numbers. What four
// positions beside each other see lies beside each other then, in one vector, or from the middle of one to that
// of the next.

// Four positions, the first of which is a multiple of 4: they are of one row.
alias Places = Place;

fn places_of(first: u32) -> Places {
    return place_of(first);
}

// What they see through one tap of the kernel, in the first channel: where the first number lies, and which
// of them are inside. Those outside may lie before what is seen or behind it.
struct FourSeen {
    at: i32,
    inside: vec4<bool>,
}

fn four_seen(places: Places, tap: u32) -> FourSeen {
    let rows = i32(params.height);
    let columns = i32(params.width);
    let y = places.y + i32(tap / params.side);
    let x = places.x + i32(tap % params.side);
    let is_row = places.inside && y >= 0 && y < rows;
    let all = x + vec4(0, 1, 2, 3);
    let inside = (all >= vec4(0)) & (all < vec4(columns)) & vec4(is_row);
    return FourSeen(i32(places.image) + y * columns + x, inside);
}

// How far into a vector they begin is the same for all positions of a tap.
fn seen_at(seen: FourSeen, channel: u32, is_there: bool) -> vec4<f16> {
    let at = u32(seen.at >> 2u) + channel * (seen_plane() / 4u);
    let start = u32(seen.at) & 3u;
    var four = vec4<f16>(seen_number(at));
    if start != 0u {
        let next = vec4<f16>(seen_number(at + 1u));
        if start == 1u {
            four = vec4(four.yzw, next.x);
        } else if start == 2u {
            four = vec4(four.zw, next.xy);
        } else {
            four = vec4(four.w, next.xyz);
        }
    }
    return select(vec4<f16>(), four, seen.inside & vec4(is_there));
}
