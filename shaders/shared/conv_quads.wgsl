// What positions of a convolution see, or of its gradient, read four numbers at a time: where a row of what
// sees is a row of what is seen, unmoved but for the tap, and rows have a multiple of four numbers. What four
// positions beside each other see lies beside each other then, in one vector, or from the middle of one to that
// of the next.

// Four positions, the first of which is a multiple of 4: they are of one row.
alias Places = Place;

fn places_of(first: u32) -> Places {
    return place_of(first);
}

// What they see through one tap of the kernel: of which image, where the first number lies in a channel, and which
// of them are inside. Those outside may lie before what is seen or behind it.
struct FourSeen {
    image: u32,
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
    return FourSeen(places.image, y * columns + x, inside);
}

// How far into a vector they begin is the same for all positions of a tap.
fn seen_at(seen: FourSeen, channel: u32, is_there: bool) -> vec4<f16> {
    let line = line_of(seen.image, channel);
    let at = u32(seen.at) & ~3u;
    let start = u32(seen.at) & 3u;
    let inside = seen.inside & vec4(is_there);
    var four = four_in(line, at, any(inside));
    if start != 0u {
        let next = four_in(line, at + 4u, any(inside));
        if start == 1u {
            four = vec4(four.yzw, next.x);
        } else if start == 2u {
            four = vec4(four.zw, next.xy);
        } else {
            four = vec4(four.w, next.xyz);
        }
    }
    return select(vec4<f16>(), four, inside);
}

// What becomes of that.
fn seen_through(seen: FourSeen, channel: u32, four: vec4<f16>, is_there: bool) -> vec4<f16> {
    return four_through(seen.image, channel, four, seen.inside & vec4(is_there));
}
