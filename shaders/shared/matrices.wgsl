// A product of two factors in cooperative matrices of SIDE×SIDE: f16 factors, f32 sums. What its rows and
// columns are, over what they are summed, and where sums go, the kernel says:
//
//     LEFT_BY_ROWS, RIGHT_BY_ROWS   whether what is brought of a factor at once is of one row of it, or column
//     task_of(group) -> Task        what a workgroup has to do
//     steps_of(stretch) -> u32      how many steps of STEP terms a stretch of the sums has
//     struct Walk                   where a lane is on its way through them
//     walk_of(task, lane) -> Walk, next(&walk) -> bool      its first step; the next one, where there is one
//     left_fours(walk, lane) -> Fours, right_fours(&walk, lane) -> Fours     what it brings for a step
//     end_walk(walk, stretch, lane)                                         what is left where it ends
//     struct Column, column_of(column) -> Column, end_at(stretch, row, column, sum)      what becomes of a sum
//
// A workgroup of 128 owns TILE_ROWS × TILE_COLUMNS of the product as four patches of ROWS×COLUMNS matrices, one
// to a subgroup: 2×2 or up to 4×4, as the dispatch has it. It walks the terms STEP at a time through workgroup
// memory. Where there are fewer than four subgroups, it goes round again for the patches that are left; where
// there are more, those only bring numbers. So the subgroups' size is nowhere taken for granted.
//
// A number is summed over its terms in the order in which the kernel walks them whatever the patches are: its
// bits do not depend on them.
//
// Numbers are brought four at a time, by each lane up to four times for a step: what the next step needs is
// asked for before the products of this one, and waits in registers meanwhile. Where there is room for BUFFERS
// = 2 of each tile they are written in turn, and all wait for each other once a step in place of twice.
//
// No operation reaches the elements of a matrix, so the sums go through workgroup memory too, a matrix of
// each of SLOTS patches at a time, and lanes end them side by side.
//
// Lines of a tile are 8 numbers further apart than they are long: beginnings stay at multiples of 16 bytes, and
// what is loaded at once spreads over the banks.

const LANES: u32 = 128u;
const PATCHES: u32 = 4u;
const TILE_ROWS: u32 = 2u * ROWS * SIDE;
const TILE_COLUMNS: u32 = 2u * COLUMNS * SIDE;

// The lines of a tile: a column of the left factor and a row of the right one for each of the step's terms, or
// a row and a column for each of the workgroup's.
const LEFT_LINES: u32 = select(STEP, TILE_ROWS, LEFT_BY_ROWS);
const LEFT_LENGTH: u32 = select(TILE_ROWS, STEP, LEFT_BY_ROWS);
const RIGHT_LINES: u32 = select(TILE_COLUMNS, STEP, RIGHT_BY_ROWS);
const RIGHT_LENGTH: u32 = select(STEP, TILE_COLUMNS, RIGHT_BY_ROWS);
const LEFT_PITCH: u32 = LEFT_LENGTH + 8u;
const RIGHT_PITCH: u32 = RIGHT_LENGTH + 8u;
// Fours of a line, the lines that all lanes bring at once, and how often they do for a step: 2 or 4 times.
const LEFT_FOURS: u32 = LEFT_LENGTH / 4u;
const RIGHT_FOURS: u32 = RIGHT_LENGTH / 4u;
const LEFT_AT_ONCE: u32 = LANES / LEFT_FOURS;
const RIGHT_AT_ONCE: u32 = LANES / RIGHT_FOURS;
const LEFT_TIMES: u32 = LEFT_LINES / LEFT_AT_ONCE;
const RIGHT_TIMES: u32 = RIGHT_LINES / RIGHT_AT_ONCE;
// Patches whose sums are ended at once: two where tiles are two, for want of room. Lanes that end those of one.
const SLOTS: u32 = PATCHES / BUFFERS;
const ENDING: u32 = LANES / SLOTS;

var<workgroup> left_tile: array<Cell, BUFFERS * LEFT_LINES * LEFT_PITCH / CELL>;
var<workgroup> right_tile: array<Cell, BUFFERS * RIGHT_LINES * RIGHT_PITCH / CELL>;
var<workgroup> ends: array<f32, SLOTS * SIDE * SIDE>;

// What a workgroup has to do: the tile that begins there, summed over these stretches; nothing where there are none.
struct Task {
    first_row: u32,
    first_column: u32,
    first_stretch: u32,
    end_stretch: u32,
}

// A row of a patch; of the columns that it lacks nothing is used. All indices are constants, so that the
// matrices stay in registers.
alias Row = array<Sums, 4>;
// What a lane brings at once.
alias Fours = array<vec4<f16>, 4>;

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
) {
    let task = task_of(flat_workgroup(workgroup, workgroups));
    if task.first_stretch >= task.end_stretch {
        return;
    }

    for (var round = 0u; round < PATCHES; round += subgroups) {
        let patch_index = round + subgroup;
        let is_mine = patch_index < PATCHES;
        let row = patch_index / 2u * ROWS * SIDE;
        let column = patch_index % 2u * COLUMNS * SIDE;
        var s0: Row; var s1: Row; var s2: Row; var s3: Row;
        var t0: Row; var t1: Row; var t2: Row; var t3: Row;
        if JOINED {
            clear(&t0); clear(&t1);
            if ROWS > 2u { clear(&t2); clear(&t3); }
        }
        // What is fetched, which is one step ahead of what is multiplied.
        var walk = walk_of(task, lane);
        var lefts = left_fours(walk, lane);
        var rights = right_fours(&walk, lane);
        // The tiles that are written, of so many lines further on.
        var buffer = 0u;
        for (var stretch = task.first_stretch; stretch < task.end_stretch; stretch++) {
            let steps = steps_of(stretch);
            clear(&s0); clear(&s1);
            if ROWS > 2u { clear(&s2); clear(&s3); }
            for (var step = 0u; step < steps; step++) {
                if BUFFERS == 1u {
                    workgroupBarrier();
                }
                put(lane, buffer, lefts, rights);
                workgroupBarrier();
                if next(&walk) {
                    lefts = left_fours(walk, lane);
                    rights = right_fours(&walk, lane);
                }
                if is_mine {
                    for (var depth = 0u; depth < STEP; depth += SIDE) {
                        let term = buffer + depth;
                        var all: array<Right, 4>;
                        all[0] = right(term, column);
                        all[1] = right(term, column + SIDE);
                        if COLUMNS > 2u {
                            all[2] = right(term, column + 2u * SIDE);
                            all[3] = right(term, column + 3u * SIDE);
                        }
                        multiply(left(term, row), &all, &s0);
                        multiply(left(term, row + SIDE), &all, &s1);
                        if ROWS > 2u {
                            multiply(left(term, row + 2u * SIDE), &all, &s2);
                            multiply(left(term, row + 3u * SIDE), &all, &s3);
                        }
                    }
                }
                if BUFFERS == 2u {
                    buffer = STEP - buffer;
                }
            }
            if JOINED {
                add(&t0, &s0); add(&t1, &s1);
                if ROWS > 2u { add(&t2, &s2); add(&t3, &s3); }
            }
        }
        if JOINED {
            copy(&s0, &t0); copy(&s1, &t1);
            if ROWS > 2u { copy(&s2, &t2); copy(&s3, &t3); }
        }
        end_walk(walk, task.first_stretch, lane);
        // The sums of this round's patches, and the columns of the product that a lane ends: the same ones for
        // both halves of the patches.
        let round_end = min(round + subgroups, PATCHES);
        let ended = lane / ENDING;
        let first_column = task.first_column + ended % 2u * COLUMNS * SIDE + lane % SIDE;
        let columns = array(
            column_of(first_column),
            column_of(first_column + SIDE),
            column_of(first_column + 2u * SIDE),
            column_of(first_column + 3u * SIDE),
        );
        for (var first = 0u; first < PATCHES; first += SLOTS) {
            let stores = is_mine && patch_index / SLOTS == first / SLOTS;
            let patch_ended = first + ended;
            let turn = Turn(
                stores,
                patch_index % SLOTS * SIDE * SIDE,
                patch_ended >= round && patch_ended < round_end,
                ended * SIDE * SIDE + lane % ENDING,
                task.first_stretch,
            );
            let first_row = task.first_row + patch_ended / 2u * ROWS * SIDE + lane % ENDING / SIDE;
            end_row(turn, &s0, columns, first_row);
            end_row(turn, &s1, columns, first_row + SIDE);
            if ROWS > 2u {
                end_row(turn, &s2, columns, first_row + 2u * SIDE);
                end_row(turn, &s3, columns, first_row + 3u * SIDE);
            }
        }
    }
}

// Puts what a lane has fetched where all subgroups load it.
fn put(lane: u32, buffer: u32, lefts: Fours, rights: Fours) {
    let l = (buffer + lane / LEFT_FOURS) * LEFT_PITCH + lane % LEFT_FOURS * 4u;
    put_left(l, lefts[0]);
    put_left(l + LEFT_AT_ONCE * LEFT_PITCH, lefts[1]);
    if LEFT_TIMES > 2u {
        put_left(l + 2u * LEFT_AT_ONCE * LEFT_PITCH, lefts[2]);
        put_left(l + 3u * LEFT_AT_ONCE * LEFT_PITCH, lefts[3]);
    }
    let r = (buffer + lane / RIGHT_FOURS) * RIGHT_PITCH + lane % RIGHT_FOURS * 4u;
    put_right(r, rights[0]);
    put_right(r + RIGHT_AT_ONCE * RIGHT_PITCH, rights[1]);
    if RIGHT_TIMES > 2u {
        put_right(r + 2u * RIGHT_AT_ONCE * RIGHT_PITCH, rights[2]);
        put_right(r + 3u * RIGHT_AT_ONCE * RIGHT_PITCH, rights[3]);
    }
}

// A matrix of the left factor, from a term and a row of the workgroup's on.
fn left(term: u32, row: u32) -> Left {
    if LEFT_BY_ROWS {
        return coopLoadT<Left>(&left_tile[(row * LEFT_PITCH + term) / CELL], LEFT_PITCH / CELL);
    }
    return coopLoad<Left>(&left_tile[(term * LEFT_PITCH + row) / CELL], LEFT_PITCH / CELL);
}

// A matrix of the right factor, from a term and a column of the workgroup's on.
fn right(term: u32, column: u32) -> Right {
    if RIGHT_BY_ROWS {
        return coopLoadT<Right>(&right_tile[(term * RIGHT_PITCH + column) / CELL], RIGHT_PITCH / CELL);
    }
    return coopLoad<Right>(&right_tile[(column * RIGHT_PITCH + term) / CELL], RIGHT_PITCH / CELL);
}

fn multiply(l: Left, rights: ptr<function, array<Right, 4>>, sums: ptr<function, Row>) {
    (*sums)[0] = coopMultiplyAdd(l, (*rights)[0], (*sums)[0]);
    (*sums)[1] = coopMultiplyAdd(l, (*rights)[1], (*sums)[1]);
    if COLUMNS > 2u {
        (*sums)[2] = coopMultiplyAdd(l, (*rights)[2], (*sums)[2]);
        (*sums)[3] = coopMultiplyAdd(l, (*rights)[3], (*sums)[3]);
    }
}

fn clear(row: ptr<function, Row>) {
    (*row)[0] = Sums();
    (*row)[1] = Sums();
    if COLUMNS > 2u {
        (*row)[2] = Sums();
        (*row)[3] = Sums();
    }
}

fn add(row: ptr<function, Row>, more: ptr<function, Row>) {
    (*row)[0] = (*row)[0] + (*more)[0];
    (*row)[1] = (*row)[1] + (*more)[1];
    if COLUMNS > 2u {
        (*row)[2] = (*row)[2] + (*more)[2];
        (*row)[3] = (*row)[3] + (*more)[3];
    }
}

fn copy(row: ptr<function, Row>, sums: ptr<function, Row>) {
    (*row)[0] = (*sums)[0];
    (*row)[1] = (*sums)[1];
    if COLUMNS > 2u {
        (*row)[2] = (*sums)[2];
        (*row)[3] = (*sums)[3];
    }
}

// What a lane does where sums of patches are ended: whether its subgroup stores a matrix, and where; whether
// the lane ends numbers, and the first of them.
struct Turn {
    stores: bool,
    slot: u32,
    ends: bool,
    own: u32,
    stretch: u32,
}

// Ends a row of patches, matrix by matrix.
fn end_row(turn: Turn, row: ptr<function, Row>, columns: array<Column, 4>, first: u32) {
    end_matrix(turn, (*row)[0], columns[0], first);
    end_matrix(turn, (*row)[1], columns[1], first);
    if COLUMNS > 2u {
        end_matrix(turn, (*row)[2], columns[2], first);
        end_matrix(turn, (*row)[3], columns[3], first);
    }
}

// Ends a matrix of each of the patches: each lane one column of it, from row `first` on.
fn end_matrix(turn: Turn, sums: Sums, column: Column, first: u32) {
    workgroupBarrier();
    if turn.stores {
        coopStoreT(sums, &ends[turn.slot], SIDE);
    }
    workgroupBarrier();
    for (var row = 0u; row < SIDE; row += ENDING / SIDE) {
        if turn.ends {
            end_at(turn.stretch, first + row, column, ends[turn.own + row * SIDE]);
        }
    }
}
