// The convolution as a matrix product [M, R]·[R, N·P] in cooperative matrices of SIDE×SIDE: f16 factors,
// f32 sums; shared/conv.wgsl has what is computed.
//
// A workgroup of 128 owns CHANNELS × POSITIONS (counted over the whole batch) as four patches of
// ROWS×COLUMNS matrices, one to a subgroup: 2×2 or up to 4×4, as the dispatch has it. For each (dy, dx) it
// walks the input channels STEP at a time through workgroup memory, where rows are input channels: of
// weights (the left factor, column by column) and of what the positions see (the right one, row by row).
// Where there are fewer than four subgroups, it goes round again for the patches that are left; where there
// are more, those only bring numbers. So the subgroups' size is nowhere taken for granted.
//
// A number is summed over taps, and over the channels of each, in the same order whatever the patches are:
// its bits do not depend on them.
//
// Numbers are brought four at a time, by each lane up to four times for a step: what the next step needs is
// asked for before the products of this one, and waits in registers meanwhile. Where there is room for BUFFERS
// = 2 of each tile they are written in turn, and all wait for each other once a step in place of twice.
//
// No operation reaches the elements of a matrix, so the sums go through workgroup memory too, a matrix of
// each of SLOTS patches at a time, and lanes end them side by side.
//
// Rows are 8 numbers further apart than they are long: beginnings stay at multiples of 16 bytes, and
// columns spread over the banks.

const LANES: u32 = 128u;
const PATCHES: u32 = 4u;
const CHANNELS: u32 = 2u * ROWS * SIDE;
const POSITIONS: u32 = 2u * COLUMNS * SIDE;
const WEIGHTS_PITCH: u32 = CHANNELS + 8u;
const INPUTS_PITCH: u32 = POSITIONS + 8u;

// Fours of a row, the rows that all lanes bring at once, and how often they do for a step: 2 or 4 times.
const WEIGHTS_FOURS: u32 = CHANNELS / 4u;
const INPUTS_FOURS: u32 = POSITIONS / 4u;
const WEIGHTS_AT_ONCE: u32 = LANES / WEIGHTS_FOURS;
const INPUTS_AT_ONCE: u32 = LANES / INPUTS_FOURS;
const WEIGHTS_TIMES: u32 = STEP / WEIGHTS_AT_ONCE;
const INPUTS_TIMES: u32 = STEP / INPUTS_AT_ONCE;
// Patches whose sums are ended at once: two where tiles are two, for want of room. Lanes that end those of one.
const SLOTS: u32 = PATCHES / BUFFERS;
const ENDING: u32 = LANES / SLOTS;

@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>;

var<workgroup> weights_tile: array<Cell, BUFFERS * STEP * WEIGHTS_PITCH / CELL>;
var<workgroup> inputs_tile: array<Cell, BUFFERS * STEP * INPUTS_PITCH / CELL>;
var<workgroup> ends: array<f32, SLOTS * SIDE * SIDE>;

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
    let positions = params.batch * params.out_height * params.out_width;
    let tiles = (positions + POSITIONS - 1u) / POSITIONS;
    let blocks = (params.outputs + CHANNELS - 1u) / CHANNELS;
    let group = flat_workgroup(workgroup, workgroups);
    let stretches = select(1u, params.splits, JOINED);
    let first_split = group / tiles / blocks * stretches;
    if first_split >= params.splits {
        return;
    }
    let last_split = first_split + stretches;
    let first_m = group / tiles % blocks * CHANNELS;
    let first_position = group % tiles * POSITIONS;
    let places = places_of(first_position + lane % INPUTS_FOURS * 4u);
    let skipped = skip_places(first_position + lane % INPUTS_FOURS * 4u);
    // The residual's channels are the last tap's, where there are such.
    let taps = params.side * params.side + u32(SKIP);

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
        var split = first_split;
        var tap = 0u;
        var channels = channels_of(split, tap);
        var seen = four_seen(places, tap);
        var weights = fetch_weights(lane, tap, channels, first_m / 4u);
        var inputs = fetch_inputs(lane, seen, channels);
        // The tiles that are written, of so many rows further on.
        var buffer = 0u;
        for (var stretch = first_split; stretch < last_split; stretch++) {
            let steps = steps_of(stretch);
            clear(&s0); clear(&s1);
            if ROWS > 2u { clear(&s2); clear(&s3); }
            for (var step = 0u; step < steps; step++) {
                if BUFFERS == 1u {
                    workgroupBarrier();
                }
                put(lane, buffer, weights, inputs);
                workgroupBarrier();
                channels.first += STEP;
                if channels.first >= channels.end {
                    tap += 1u;
                    if tap == taps {
                        tap = 0u;
                        split += 1u;
                    }
                    channels = channels_of(split, tap);
                    seen = four_seen(places, tap);
                }
                if split < last_split {
                    weights = fetch_weights(lane, tap, channels, first_m / 4u);
                    if is_skip(tap) {
                        inputs = fetch_skipped(lane, skipped, channels);
                    } else {
                        inputs = fetch_inputs(lane, seen, channels);
                    }
                }
                if is_mine {
                    for (var depth = 0u; depth < STEP; depth += SIDE) {
                        let l = (buffer + depth) * WEIGHTS_PITCH + row;
                        let r = (buffer + depth) * INPUTS_PITCH + column;
                        var rights: array<Right, 4>;
                        rights[0] = right(r);
                        rights[1] = right(r + SIDE);
                        if COLUMNS > 2u {
                            rights[2] = right(r + 2u * SIDE);
                            rights[3] = right(r + 3u * SIDE);
                        }
                        multiply(left(l), &rights, &s0);
                        multiply(left(l + SIDE), &rights, &s1);
                        if ROWS > 2u {
                            multiply(left(l + 2u * SIDE), &rights, &s2);
                            multiply(left(l + 3u * SIDE), &rights, &s3);
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
        // The sums of this round's patches, and the columns of the output that a lane ends: the same ones for
        // both halves of the patches.
        let round_end = min(round + subgroups, PATCHES);
        let ended = lane / ENDING;
        let position = first_position + ended % 2u * COLUMNS * SIDE + lane % SIDE;
        let columns = array(
            column_of(position),
            column_of(position + SIDE),
            column_of(position + 2u * SIDE),
            column_of(position + 3u * SIDE),
        );
        for (var first = 0u; first < PATCHES; first += SLOTS) {
            let stores = is_mine && patch_index / SLOTS == first / SLOTS;
            let patch_ended = first + ended;
            let turn = Turn(
                stores,
                patch_index % SLOTS * SIDE * SIDE,
                patch_ended >= round && patch_ended < round_end,
                ended * SIDE * SIDE + lane % ENDING,
                first_split,
            );
            let m = first_m + patch_ended / 2u * ROWS * SIDE + lane % ENDING / SIDE;
            end_row(turn, &s0, columns, m);
            end_row(turn, &s1, columns, m + SIDE);
            if ROWS > 2u {
                end_row(turn, &s2, columns, m + 2u * SIDE);
                end_row(turn, &s3, columns, m + 3u * SIDE);
            }
        }
    }
}

// Channels from the first that is fetched up to the end of what a stretch has of them.
struct Channels {
    first: u32,
    end: u32,
}

fn is_skip(tap: u32) -> bool {
    return SKIP && tap == params.side * params.side;
}

// Those of a stretch: of the input, or of the residual, where the last stretches may have none.
fn channels_of(split: u32, tap: u32) -> Channels {
    let skips = is_skip(tap);
    let all = select(params.inputs, params.skip_inputs, skips);
    let each = select(params.split_inputs, params.split_skip, skips);
    return Channels(split * each, min((split + 1u) * each, all));
}

// How many steps a stretch takes: one at least for each tap.
fn steps_of(split: u32) -> u32 {
    let taps = params.side * params.side;
    return taps * steps(channels_of(split, 0u)) + u32(SKIP) * steps(channels_of(split, taps));
}

fn steps(channels: Channels) -> u32 {
    return max(1u, (max(channels.end, channels.first) - channels.first + STEP - 1u) / STEP);
}

// What a lane brings of STEP rows of weights.
fn fetch_weights(lane: u32, tap: u32, channels: Channels, first_four: u32) -> Fours {
    let skips = is_skip(tap);
    let taps = select(params.side * params.side, 1u, skips);
    let fours = (params.outputs + 3u) / 4u;
    let four = first_four + lane % WEIGHTS_FOURS;
    let channel = channels.first + lane / WEIGHTS_FOURS;
    let at = select(channel * taps + tap, channel, skips) * fours + four + select(0u, params.skip_weight, skips);
    let apart = WEIGHTS_AT_ONCE * taps * fours;
    // Of channels behind the last there are no weights.
    let last = select(0u, channels.end, four < fours);
    var all: Fours;
    all[0] = weights_or_zeros(at, channel < last);
    all[1] = weights_or_zeros(at + apart, channel + WEIGHTS_AT_ONCE < last);
    if WEIGHTS_TIMES > 2u {
        all[2] = weights_or_zeros(at + 2u * apart, channel + 2u * WEIGHTS_AT_ONCE < last);
        all[3] = weights_or_zeros(at + 3u * apart, channel + 3u * WEIGHTS_AT_ONCE < last);
    }
    return all;
}

fn weights_or_zeros(at: u32, is_there: bool) -> vec4<f16> {
    return select(vec4<f16>(), weight[at], is_there);
}

// What a lane brings of STEP rows of inputs.
fn fetch_inputs(lane: u32, seen: FourSeen, channels: Channels) -> Fours {
    let c0 = channels.first + lane / INPUTS_FOURS;
    let c1 = c0 + INPUTS_AT_ONCE;
    let end = channels.end;
    var all: Fours;
    all[0] = inputs_at(seen, c0, c0 < end);
    all[1] = inputs_at(seen, c1, c1 < end);
    if INPUTS_TIMES > 2u {
        let c2 = c1 + INPUTS_AT_ONCE;
        let c3 = c2 + INPUTS_AT_ONCE;
        all[2] = inputs_at(seen, c2, c2 < end);
        all[3] = inputs_at(seen, c3, c3 < end);
    }
    return all;
}

// The same of the residual.
fn fetch_skipped(lane: u32, places: SkipPlaces, channels: Channels) -> Fours {
    let c0 = channels.first + lane / INPUTS_FOURS;
    let c1 = c0 + INPUTS_AT_ONCE;
    let end = channels.end;
    var all: Fours;
    all[0] = skip_at(places, c0, c0 < end);
    all[1] = skip_at(places, c1, c1 < end);
    if INPUTS_TIMES > 2u {
        let c2 = c1 + INPUTS_AT_ONCE;
        let c3 = c2 + INPUTS_AT_ONCE;
        all[2] = skip_at(places, c2, c2 < end);
        all[3] = skip_at(places, c3, c3 < end);
    }
    return all;
}

// Puts what a lane has fetched where all subgroups load it.
fn put(lane: u32, buffer: u32, weights: Fours, inputs: Fours) {
    let w = (buffer + lane / WEIGHTS_FOURS) * WEIGHTS_PITCH + lane % WEIGHTS_FOURS * 4u;
    put_weights(w, weights[0]);
    put_weights(w + WEIGHTS_AT_ONCE * WEIGHTS_PITCH, weights[1]);
    if WEIGHTS_TIMES > 2u {
        put_weights(w + 2u * WEIGHTS_AT_ONCE * WEIGHTS_PITCH, weights[2]);
        put_weights(w + 3u * WEIGHTS_AT_ONCE * WEIGHTS_PITCH, weights[3]);
    }
    let i = (buffer + lane / INPUTS_FOURS) * INPUTS_PITCH + lane % INPUTS_FOURS * 4u;
    put_inputs(i, inputs[0]);
    put_inputs(i + INPUTS_AT_ONCE * INPUTS_PITCH, inputs[1]);
    if INPUTS_TIMES > 2u {
        put_inputs(i + 2u * INPUTS_AT_ONCE * INPUTS_PITCH, inputs[2]);
        put_inputs(i + 3u * INPUTS_AT_ONCE * INPUTS_PITCH, inputs[3]);
    }
}

fn left(at: u32) -> Left {
    return coopLoad<Left>(&weights_tile[at / CELL], WEIGHTS_PITCH / CELL);
}

fn right(at: u32) -> Right {
    return coopLoadT<Right>(&inputs_tile[at / CELL], INPUTS_PITCH / CELL);
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

// A column of the output: its image's first channel, counted over the batch, and its position there.
struct Column {
    channel: u32,
    position: u32,
    inside: bool,
}

fn column_of(position: u32) -> Column {
    let image = params.out_height * params.out_width;
    let n = position / image;
    return Column(n * params.outputs, position % image, n < params.batch);
}

// What a lane does where sums of patches are ended: whether its subgroup stores a matrix, and where; whether
// the lane ends numbers, and the first of them.
struct Turn {
    stores: bool,
    slot: u32,
    ends: bool,
    own: u32,
    split: u32,
}

// Ends a row of patches, matrix by matrix.
fn end_row(turn: Turn, row: ptr<function, Row>, columns: array<Column, 4>, m: u32) {
    end_matrix(turn, (*row)[0], columns[0], m);
    end_matrix(turn, (*row)[1], columns[1], m);
    if COLUMNS > 2u {
        end_matrix(turn, (*row)[2], columns[2], m);
        end_matrix(turn, (*row)[3], columns[3], m);
    }
}

// Ends a matrix of each of the patches: each lane one column of it, from channel `m` on.
fn end_matrix(turn: Turn, sums: Sums, column: Column, m: u32) {
    workgroupBarrier();
    if turn.stores {
        coopStoreT(sums, &ends[turn.slot], SIDE);
    }
    workgroupBarrier();
    let image = params.out_height * params.out_width;
    for (var row = 0u; row < SIDE; row += ENDING / SIDE) {
        if turn.ends && column.inside && m + row < params.outputs {
            let channel = column.channel + m + row;
            let at = channel * image + column.position;
            finish_at(turn.split, channel, m + row, at, ends[turn.own + row * SIDE]);
        }
    }
}
