// A walk that goes through all channels of a stretch for each tap of the kernel, in order: whatever kernel, stride and edges.

const RIGHT_BY_ROWS: bool = true;

fn times_through() -> u32 {
    return params.side * params.side;
}

// The first channel of a step, the end of its stretch, and what a lane's four positions see through its tap.
struct Walk {
    first_row: u32,
    first_column: u32,
    stretch: u32,
    end_stretch: u32,
    tap: u32,
    channel: u32,
    end: u32,
    places: Places,
    seen: FourSeen,
}

fn walk_of(task: Task, lane: u32) -> Walk {
    let channels = channels_of(task.first_stretch, 0u);
    let places = places_of(task.first_column + lane % RIGHT_FOURS * 4u);
    return Walk(
        task.first_row,
        task.first_column,
        task.first_stretch,
        task.end_stretch,
        0u,
        channels.first,
        channels.end,
        places,
        four_seen(places, 0u),
    );
}

fn next(walk: ptr<function, Walk>) -> bool {
    (*walk).channel += STEP;
    if (*walk).channel >= (*walk).end {
        (*walk).tap += 1u;
        if (*walk).tap == params.side * params.side + u32(SKIP) {
            (*walk).tap = 0u;
            (*walk).stretch += 1u;
        }
        let channels = channels_of((*walk).stretch, (*walk).tap);
        (*walk).channel = channels.first;
        (*walk).end = channels.end;
        (*walk).seen = four_seen((*walk).places, (*walk).tap);
    }
    return (*walk).stretch < (*walk).end_stretch;
}

fn tap_of(walk: Walk, turn: u32) -> u32 {
    return walk.tap;
}

// One image lies behind the other.
fn images_at_once() -> u32 {
    return 1u;
}

fn right_fours(walk: ptr<function, Walk>, lane: u32) -> Fours {
    if is_skip((*walk).tap) {
        return skipped_fours(*walk, lane);
    }
    return seen_fours(walk, lane);
}

// What a lane brings of the residual.
fn skipped_fours(walk: Walk, lane: u32) -> Fours {
    let places = skip_places(walk.first_column + lane % RIGHT_FOURS * 4u);
    let c0 = walk.channel + lane / RIGHT_FOURS;
    let c1 = c0 + RIGHT_AT_ONCE;
    var all: Fours;
    all[0] = skip_at(places, c0, c0 < walk.end);
    if RIGHT_TIMES > 1u {
        all[1] = skip_at(places, c1, c1 < walk.end);
    }
    if RIGHT_TIMES > 2u {
        let c2 = c1 + RIGHT_AT_ONCE;
        let c3 = c2 + RIGHT_AT_ONCE;
        all[2] = skip_at(places, c2, c2 < walk.end);
        all[3] = skip_at(places, c3, c3 < walk.end);
    }
    return all;
}

// What a lane brings of what the positions see.
fn seen_fours(walk: ptr<function, Walk>, lane: u32) -> Fours {
    let seen = (*walk).seen;
    let end = (*walk).end;
    let c0 = (*walk).channel + lane / RIGHT_FOURS;
    let c1 = c0 + RIGHT_AT_ONCE;
    var all: Fours;
    all[0] = seen_at(seen, c0, c0 < end);
    if RIGHT_TIMES > 1u {
        all[1] = seen_at(seen, c1, c1 < end);
    }
    if RIGHT_TIMES > 2u {
        let c2 = c1 + RIGHT_AT_ONCE;
        let c3 = c2 + RIGHT_AT_ONCE;
        all[2] = seen_at(seen, c2, c2 < end);
        all[3] = seen_at(seen, c3, c3 < end);
    }
    return all;
}

// What becomes of what a lane has brought.
fn fours_through(walk: Walk, lane: u32, fours: Fours) -> Fours {
    if !LAWS || is_skip(walk.tap) {
        return fours;
    }
    let c0 = walk.channel + lane / RIGHT_FOURS;
    let c1 = c0 + RIGHT_AT_ONCE;
    var all: Fours;
    all[0] = seen_through(walk.seen, c0, fours[0], c0 < walk.end);
    if RIGHT_TIMES > 1u {
        all[1] = seen_through(walk.seen, c1, fours[1], c1 < walk.end);
    }
    if RIGHT_TIMES > 2u {
        let c2 = c1 + RIGHT_AT_ONCE;
        let c3 = c2 + RIGHT_AT_ONCE;
        all[2] = seen_through(walk.seen, c2, fours[2], c2 < walk.end);
        all[3] = seen_through(walk.seen, c3, fours[3], c3 < walk.end);
    }
    return all;
}
