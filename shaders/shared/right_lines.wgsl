// The right factor's tile of one turn, which is a block: a line for each of its terms, or for each of the workgroup's
// columns. The kernel says which, and what is brought:
//
//     RIGHT_BY_ROWS                              whether what is brought at once is of one term, or of one column
//     right_fours(&walk, lane) -> Fours          what a lane brings
//     fours_through(walk, lane, fours) -> Fours  what becomes of that

const RIGHT_LINES: u32 = select(TILE_COLUMNS, STEP, RIGHT_BY_ROWS);
const RIGHT_LENGTH: u32 = select(STEP, TILE_COLUMNS, RIGHT_BY_ROWS);
const RIGHT_PITCH: u32 = RIGHT_LENGTH + 8u;
// As of the left tile.
const RIGHT_FOURS: u32 = RIGHT_LENGTH / 4u;
const RIGHT_AT_ONCE: u32 = LANES / RIGHT_FOURS;
const RIGHT_TIMES: u32 = RIGHT_LINES / RIGHT_AT_ONCE;

const RIGHT_BUFFERS: u32 = BUFFERS;

const RIGHT_SIZE: u32 = BUFFERS * RIGHT_LINES * RIGHT_PITCH;

// All of it is written before it is read.
fn clear_right(lane: u32) {}

fn turns_of(walk: Walk) -> u32 {
    return 1u;
}

fn rights_of(walk: ptr<function, Walk>, lane: u32) -> Fours {
    return right_fours(walk, lane);
}

// Where the tile begins.
fn right_place(walk: Walk, turn: u32, buffer: u32) -> u32 {
    return LEFT_SIZE + buffer * RIGHT_LINES * RIGHT_PITCH;
}

// Puts what a lane has brought where all subgroups load it.
fn put_rights(walk: Walk, lane: u32, buffer: u32, brought: Fours) {
    let rights = fours_through(walk, lane, brought);
    let at = right_place(walk, 0u, buffer) + lane / RIGHT_FOURS * RIGHT_PITCH + lane % RIGHT_FOURS * 4u;
    put(at, rights[0]);
    if RIGHT_TIMES > 1u {
        put(at + RIGHT_AT_ONCE * RIGHT_PITCH, rights[1]);
    }
    if RIGHT_TIMES > 2u {
        put(at + 2u * RIGHT_AT_ONCE * RIGHT_PITCH, rights[2]);
        put(at + 3u * RIGHT_AT_ONCE * RIGHT_PITCH, rights[3]);
    }
}

// The matrices of a patch lie beside each other.
fn matrix_column(beside: u32, index: u32) -> u32 {
    return (beside * COLUMNS + index) * SIDE;
}

// Each turn has other terms.
fn rises(walk: Walk, turn: u32) -> bool {
    return false;
}

// Where a column of the workgroup's is found.
fn right_column(column: u32) -> u32 {
    return column;
}

// A matrix of it, from a term of the turn and such a column on.
fn right(begin: u32, term: u32, column: u32) -> Right {
    if RIGHT_BY_ROWS {
        return coopLoadT<Right>(&tile[(begin + term * RIGHT_PITCH + column) / CELL], RIGHT_PITCH / CELL);
    }
    return coopLoad<Right>(&tile[(begin + column * RIGHT_PITCH + term) / CELL], RIGHT_PITCH / CELL);
}
