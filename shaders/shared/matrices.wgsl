// A product of two factors in cooperative matrices of SIDE×SIDE: f16 factors, f32 sums. What its rows and
// columns are, over what they are summed, and where sums go, the kernel says:
//
//     LEFT_BY_ROWS                  whether what is brought of the left factor at once is of one row, or column
//     task_of(group) -> Task        what a workgroup has to do
//     blocks_of(stretch) -> u32     how many blocks a stretch of the sums has
//     struct Walk                   where a lane is on its way through them
//     walk_of(task, lane) -> Walk, next(&walk) -> bool      its first block; the next one, where there is one
//     left_fours(walk, turn, lane) -> Fours                 what it brings of the left factor for a turn of a block
//     is_within(row, column) -> bool                        whether the product has them
//     end_walk(walk, stretch, lane)                                         what is left where it ends
//     struct Column, column_of(column) -> Column, end_at(stretch, row, column, sum)      what becomes of a sum
//
// A workgroup of 128 owns TILE_ROWS × TILE_COLUMNS of the product as PATCHES patches of ROWS×COLUMNS matrices, one
// to a subgroup: four of 2×2 or up to 4×4, as the dispatch has it, or two that are twice as large where subgroups have 64
// lanes. It walks the terms STEP at a time, a turn, through workgroup memory. Where there are fewer subgroups than patches,
// it goes round again for the patches that are left; where there are more, those only bring numbers. So the subgroups' size
// is nowhere taken for granted.
//
// A number is summed over its terms in the order in which the kernel walks them whatever the patches are: its
// bits do not depend on them.
//
// The left factor is brought anew for each turn, the right one for each block of them: of one turn where right_lines.wgsl
// has its tile, of one for each tap where halo.wgsl has it. Either says
//
//     RIGHT_SIZE                                  the numbers of the right tile, which begins at LEFT_SIZE
//     RIGHT_BUFFERS                               how many right tiles are written in turn
//     clear_right(lane)                           makes 0 what no block writes
//     rights_of(&walk, lane) -> its own type      what a lane brings of the right factor for a block
//     put_rights(walk, lane, buffer, rights)      puts it where all load it
//     turns_of(walk) -> u32                       how many turns a block has
//     matrix_column(beside, index) -> u32         the first of the workgroup's columns that a matrix of a patch has
//     right_place(walk, turn, buffer) -> u32, right_column(column) -> u32     where a turn's and a column's numbers are
//     right(place, depth, column) -> Right        a matrix from there on
//     rises(walk, turn) -> bool                   whether each matrix of a patch but its last is, in this turn, what the one
//                                                 behind it was in the turn before: then a turn is one matrix deep
//
// So of the right factor a subgroup loads COLUMNS matrices for each SIDE terms, or one.
//
// Numbers are brought four at a time, by each lane up to four times for a turn, or eight for a block: what the next one
// needs is asked for before the products of this one, and waits in registers meanwhile. Where there is room for BUFFERS
// = 2 of a tile they are written in turn, and all wait for each other once a turn in place of twice.
//
// No operation reaches the elements of a matrix, so the sums go through workgroup memory too, a matrix of
// each of SLOTS patches at a time, and lanes end them side by side. Sums to which nothing is done are stored as they are:
// sums_stored.wgsl says where, or sums_ended.wgsl that there are none. A tile that another round writes anew is behind that
// round's first barrier: where stretches are not joined there is one right tile, or one buffer of both.
//
// Lines of a tile are 8 numbers further apart than they are long, but for the left one's rows where CROWDED: beginnings
// stay at multiples of 16 bytes, and what is loaded at once spreads over the banks.

const LANES: u32 = 128u;
// Patches beside each other, and such rows of them.
const TILE_ROWS: u32 = PATCHES / BESIDE * ROWS * SIDE;
const TILE_COLUMNS: u32 = BESIDE * COLUMNS * SIDE;

// The lines of the left tile: a column for each of a turn's terms, or a row for each of the workgroup's.
const LEFT_LINES: u32 = select(STEP, TILE_ROWS, LEFT_BY_ROWS);
const LEFT_LENGTH: u32 = select(TILE_ROWS, STEP, LEFT_BY_ROWS);
const LEFT_PITCH: u32 = LEFT_LENGTH + select(8u, 0u, CROWDED && LEFT_BY_ROWS);
// Fours of a line, the lines that all lanes bring at once, and how often they do for a turn: 1, 2 or 4 times.
const LEFT_FOURS: u32 = LEFT_LENGTH / 4u;
const LEFT_AT_ONCE: u32 = LANES / LEFT_FOURS;
const LEFT_TIMES: u32 = LEFT_LINES / LEFT_AT_ONCE;
// Lanes that end the sums of one patch.
const ENDING: u32 = LANES / SLOTS;

// Both tiles, the left one first.
const LEFT_SIZE: u32 = BUFFERS * LEFT_LINES * LEFT_PITCH;
var<workgroup> tile: array<Cell, (LEFT_SIZE + RIGHT_SIZE) / CELL>;
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

    clear_right(lane);
    for (var round = 0u; round < PATCHES; round += subgroups) {
        let patch_index = round + subgroup;
        let is_mine = patch_index < PATCHES;
        let row = patch_index / BESIDE * ROWS * SIDE;
        let beside = patch_index % BESIDE;
        let multiplies = is_mine && is_within(task.first_row + row, task.first_column + matrix_column(beside, 0u));
        var s0: Row; var s1: Row; var s2: Row; var s3: Row;
        var s4: Row; var s5: Row; var s6: Row; var s7: Row;
        var t0: Row; var t1: Row; var t2: Row; var t3: Row;
        // Joined patches have four rows at most.
        if JOINED {
            clear(&t0); clear(&t1);
            if ROWS > 2u { clear(&t2); clear(&t3); }
        }
        // Where the columns of the patch's matrices begin in the right tile.
        let c0 = right_column(matrix_column(beside, 0u));
        let c1 = right_column(matrix_column(beside, 1u));
        let c2 = right_column(matrix_column(beside, 2u));
        let c3 = right_column(matrix_column(beside, 3u));
        var all: array<Right, 4>;
        // What is fetched, which is ahead of what is multiplied: a turn of the left factor, a block of the right one.
        var walk = walk_of(task, lane);
        var lefts = left_fours(walk, 0u, lane);
        var rights = rights_of(&walk, lane);
        // Which of two tiles is written.
        var buffer = 0u;
        for (var stretch = task.first_stretch; stretch < task.end_stretch; stretch++) {
            let blocks = blocks_of(stretch);
            clear(&s0); clear(&s1);
            if ROWS > 2u { clear(&s2); clear(&s3); }
            if ROWS > 4u { clear(&s4); clear(&s5); clear(&s6); clear(&s7); }
            for (var block = 0u; block < blocks; block++) {
                if RIGHT_BUFFERS == 1u {
                    workgroupBarrier();
                }
                put_rights(walk, lane, buffer, rights);
                let here = walk;
                let turns = turns_of(here);
                let has_next = next(&walk);
                if has_next {
                    rights = rights_of(&walk, lane);
                }
                for (var turn = 0u; turn < turns; turn++) {
                    if BUFFERS == 1u && turn > 0u {
                        workgroupBarrier();
                    }
                    put_lefts(lane, buffer, lefts);
                    // The next turn is the next block's where this one is its block's last.
                    let is_last = turn + 1u == turns;
                    var later = here;
                    if is_last {
                        later = walk;
                    }
                    if has_next || !is_last {
                        lefts = left_fours(later, select(turn + 1u, 0u, is_last), lane);
                    }
                    workgroupBarrier();
                    if multiplies {
                        let place = right_place(here, turn, buffer);
                        for (var depth = 0u; depth < STEP; depth += SIDE) {
                            if rises(here, turn) {
                                all[0] = all[1];
                                if COLUMNS > 2u {
                                    all[1] = all[2];
                                    all[2] = all[3];
                                    all[3] = right(place, depth, c3);
                                } else {
                                    all[1] = right(place, depth, c1);
                                }
                            } else {
                                all[0] = right(place, depth, c0);
                                all[1] = right(place, depth, c1);
                                if COLUMNS > 2u {
                                    all[2] = right(place, depth, c2);
                                    all[3] = right(place, depth, c3);
                                }
                            }
                            multiply(left(buffer, depth, row), &all, &s0);
                            multiply(left(buffer, depth, row + SIDE), &all, &s1);
                            if ROWS > 2u {
                                multiply(left(buffer, depth, row + 2u * SIDE), &all, &s2);
                                multiply(left(buffer, depth, row + 3u * SIDE), &all, &s3);
                            }
                            if ROWS > 4u {
                                multiply(left(buffer, depth, row + 4u * SIDE), &all, &s4);
                                multiply(left(buffer, depth, row + 5u * SIDE), &all, &s5);
                                multiply(left(buffer, depth, row + 6u * SIDE), &all, &s6);
                                multiply(left(buffer, depth, row + 7u * SIDE), &all, &s7);
                            }
                        }
                    }
                    if BUFFERS == 2u {
                        buffer = 1u - buffer;
                    }
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
        if are_stored() {
            if is_mine {
                let to = Stored(task.first_stretch, task.first_row + row, task.first_column, beside);
                store_row(to, &s0, 0u); store_row(to, &s1, 1u);
                if ROWS > 2u { store_row(to, &s2, 2u); store_row(to, &s3, 3u); }
                if ROWS > 4u {
                    store_row(to, &s4, 4u); store_row(to, &s5, 5u);
                    store_row(to, &s6, 6u); store_row(to, &s7, 7u);
                }
            }
            continue;
        }
        // The sums of this round's patches, SLOTS of them at once.
        let round_end = min(round + subgroups, PATCHES);
        let ended = lane / ENDING;
        for (var first = 0u; first < PATCHES; first += SLOTS) {
            let stores = is_mine && patch_index / SLOTS == first / SLOTS;
            let patch_ended = first + ended;
            let first_column = task.first_column + lane % SIDE;
            let columns = array(
                column_of(first_column + matrix_column(patch_ended % BESIDE, 0u)),
                column_of(first_column + matrix_column(patch_ended % BESIDE, 1u)),
                column_of(first_column + matrix_column(patch_ended % BESIDE, 2u)),
                column_of(first_column + matrix_column(patch_ended % BESIDE, 3u)),
            );
            let ending = Ending(
                stores,
                patch_index % SLOTS * SIDE * SIDE,
                patch_ended >= round && patch_ended < round_end && lane % ENDING < SIDE * SIDE,
                ended * SIDE * SIDE + lane % ENDING,
                task.first_stretch,
            );
            let first_row = task.first_row + patch_ended / BESIDE * ROWS * SIDE + lane % ENDING / SIDE;
            end_row(ending, &s0, columns, first_row);
            end_row(ending, &s1, columns, first_row + SIDE);
            if ROWS > 2u {
                end_row(ending, &s2, columns, first_row + 2u * SIDE);
                end_row(ending, &s3, columns, first_row + 3u * SIDE);
            }
            if ROWS > 4u {
                end_row(ending, &s4, columns, first_row + 4u * SIDE);
                end_row(ending, &s5, columns, first_row + 5u * SIDE);
                end_row(ending, &s6, columns, first_row + 6u * SIDE);
                end_row(ending, &s7, columns, first_row + 7u * SIDE);
            }
        }
    }
}

// Puts what a lane has fetched of the left factor where all subgroups load it.
fn put_lefts(lane: u32, buffer: u32, lefts: Fours) {
    let at = (buffer * LEFT_LINES + lane / LEFT_FOURS) * LEFT_PITCH + lane % LEFT_FOURS * 4u;
    // There may be fewer lines than lanes bring at once.
    if LEFT_AT_ONCE <= LEFT_LINES || lane / LEFT_FOURS < LEFT_LINES {
        put(at, lefts[0]);
    }
    if LEFT_TIMES > 1u {
        put(at + LEFT_AT_ONCE * LEFT_PITCH, lefts[1]);
    }
    if LEFT_TIMES > 2u {
        put(at + 2u * LEFT_AT_ONCE * LEFT_PITCH, lefts[2]);
        put(at + 3u * LEFT_AT_ONCE * LEFT_PITCH, lefts[3]);
    }
}

// A matrix of the left factor, from a term of the turn and a row of the workgroup's on.
fn left(buffer: u32, term: u32, row: u32) -> Left {
    let begin = buffer * LEFT_LINES * LEFT_PITCH;
    if LEFT_BY_ROWS {
        return coopLoadT<Left>(&tile[(begin + row * LEFT_PITCH + term) / CELL], LEFT_PITCH / CELL);
    }
    return coopLoad<Left>(&tile[(begin + term * LEFT_PITCH + row) / CELL], LEFT_PITCH / CELL);
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

// Where the matrices of a subgroup's patch are stored.
struct Stored {
    stretch: u32,
    row: u32,
    column: u32,
    beside: u32,
}

// Stores a row of a patch as it is.
fn store_row(to: Stored, row: ptr<function, Row>, index: u32) {
    let first = to.row + index * SIDE;
    store_sums(to.stretch, first, to.column + matrix_column(to.beside, 0u), (*row)[0]);
    store_sums(to.stretch, first, to.column + matrix_column(to.beside, 1u), (*row)[1]);
    if COLUMNS > 2u {
        store_sums(to.stretch, first, to.column + matrix_column(to.beside, 2u), (*row)[2]);
        store_sums(to.stretch, first, to.column + matrix_column(to.beside, 3u), (*row)[3]);
    }
}

// What a lane does where sums of patches are ended: whether its subgroup stores a matrix, and where; whether
// the lane ends numbers, and the first of them.
struct Ending {
    stores: bool,
    slot: u32,
    ends: bool,
    own: u32,
    stretch: u32,
}

// Ends a row of patches, matrix by matrix.
fn end_row(ending: Ending, row: ptr<function, Row>, columns: array<Column, 4>, first: u32) {
    end_matrix(ending, (*row)[0], columns[0], first);
    end_matrix(ending, (*row)[1], columns[1], first);
    if COLUMNS > 2u {
        end_matrix(ending, (*row)[2], columns[2], first);
        end_matrix(ending, (*row)[3], columns[3], first);
    }
}

// Ends a matrix of each of the patches: each lane one column of it, from row `first` on.
fn end_matrix(ending: Ending, sums: Sums, column: Column, first: u32) {
    workgroupBarrier();
    if ending.stores {
        coopStoreT(sums, &ends[ending.slot], SIDE);
    }
    workgroupBarrier();
    for (var row = 0u; row < SIDE; row += ENDING / SIDE) {
        if ending.ends {
            end_at(ending.stretch, first + row, column, ends[ending.own + row * SIDE]);
        }
    }
}
