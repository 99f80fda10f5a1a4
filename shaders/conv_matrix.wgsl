// The convolution as a matrix product [M, R]·[R, N·P] in cooperative matrices of SIDE×SIDE: f16 factors,
// f32 sums; shared/conv.wgsl has what is computed.
//
// A workgroup of 128 owns TILE channels × TILE positions (counted over the whole batch), TILE = 4·SIDE, as
// four patches of 2×2 matrices, one to a subgroup. For each (dy, dx) it walks the input channels STEP at a
// time through workgroup memory, where rows are input channels: of weights (the left factor, column by
// column) and of what the positions see (the right one, row by row). Where there are fewer than four
// subgroups, it goes round again for the patches that are left; where there are more, those only bring
// numbers. So the subgroups' size is nowhere taken for granted.
//
// No operation reaches the elements of a matrix, so the sums go through workgroup memory too, a matrix of
// each patch at a time, and lanes end them side by side.
//
// Rows are PITCH apart, 8 numbers more than they hold: beginnings stay at multiples of 16 bytes, and
// columns spread over the banks. With SIDE 16 a step is 131,072 multiply-additions on 8 KiB of numbers.

const LANES: u32 = 128u;
const TILE: u32 = 4u * SIDE;
const STEP: u32 = 2u * SIDE;
const PITCH: u32 = TILE + 8u;
const PATCHES: u32 = 4u;

var<workgroup> weights_tile: array<f16, STEP * PITCH>;
var<workgroup> inputs_tile: array<f16, STEP * PITCH>;
var<workgroup> ends: array<f32, PATCHES * SIDE * SIDE>;

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
) {
    let positions = params.batch * params.out_height * params.out_width;
    let tiles = (positions + TILE - 1u) / TILE;
    let blocks = (params.outputs + TILE - 1u) / TILE;
    let group = flat_workgroup(workgroup, workgroups);
    let stretches = select(1u, params.splits, JOINED);
    let first_split = group / tiles / blocks * stretches;
    if first_split >= params.splits {
        return;
    }
    let first_m = group / tiles % blocks * TILE;
    let first_position = (group % tiles) * TILE;
    let place = place_of(first_position + lane % TILE);
    let taps = params.side * params.side;

    for (var round = 0u; round < PATCHES; round += subgroups) {
        let patch_index = round + subgroup;
        let is_mine = patch_index < PATCHES;
        let row = patch_index / 2u * 2u * SIDE;
        let column = patch_index % 2u * 2u * SIDE;
        var t00 = Sums(); var t01 = Sums();
        var t10 = Sums(); var t11 = Sums();
        for (var split = first_split; split < first_split + stretches; split++) {
            let first_channel = split * params.split_inputs;
            let end = min(first_channel + params.split_inputs, params.inputs);
            var s00 = Sums(); var s01 = Sums();
            var s10 = Sums(); var s11 = Sums();
            for (var tap = 0u; tap < taps; tap++) {
                let seen = seen_from(place, tap);
                for (var k = first_channel; k < end; k += STEP) {
                    workgroupBarrier();
                    bring_weights(lane, tap, k, end, first_m / 4u);
                    bring_inputs(lane, seen, k, end);
                    workgroupBarrier();
                    if is_mine {
                        for (var depth = 0u; depth < STEP; depth += SIDE) {
                            let l = depth * PITCH + row;
                            let r = depth * PITCH + column;
                            let l0 = coopLoad<Left>(&weights_tile[l], PITCH);
                            let l1 = coopLoad<Left>(&weights_tile[l + SIDE], PITCH);
                            let r0 = coopLoadT<Right>(&inputs_tile[r], PITCH);
                            let r1 = coopLoadT<Right>(&inputs_tile[r + SIDE], PITCH);
                            s00 = coopMultiplyAdd(l0, r0, s00);
                            s01 = coopMultiplyAdd(l0, r1, s01);
                            s10 = coopMultiplyAdd(l1, r0, s10);
                            s11 = coopMultiplyAdd(l1, r1, s11);
                        }
                    }
                }
            }
            if JOINED {
                t00 = t00 + s00; t01 = t01 + s01;
                t10 = t10 + s10; t11 = t11 + s11;
            } else {
                t00 = s00; t01 = s01;
                t10 = s10; t11 = s11;
            }
        }
        let there = min(subgroups, PATCHES - round);
        let slot = min(patch_index, PATCHES - 1u) * SIDE * SIDE;
        workgroupBarrier();
        if is_mine { coopStoreT(t00, &ends[slot], SIDE); }
        write_ends(lane, first_split, round, there, first_m, first_position);
        if is_mine { coopStoreT(t01, &ends[slot], SIDE); }
        write_ends(lane, first_split, round, there, first_m, first_position + SIDE);
        if is_mine { coopStoreT(t10, &ends[slot], SIDE); }
        write_ends(lane, first_split, round, there, first_m + SIDE, first_position);
        if is_mine { coopStoreT(t11, &ends[slot], SIDE); }
        write_ends(lane, first_split, round, there, first_m + SIDE, first_position + SIDE);
    }
}

// STEP rows of TILE weights, four to a lane at a time.
fn bring_weights(lane: u32, tap: u32, k: u32, end: u32, first_quad: u32) {
    let quads = (params.outputs + 3u) / 4u;
    let quad = lane % SIDE;
    for (var row = lane / SIDE; row < STEP; row += LANES / SIDE) {
        let channel = k + row;
        var weights = vec4<f32>();
        if channel < end && first_quad + quad < quads {
            let taps = params.side * params.side;
            weights = weights_at((channel * taps + tap) * quads + first_quad + quad);
        }
        let at = row * PITCH + 4u * quad;
        weights_tile[at] = f16(weights.x);
        weights_tile[at + 1u] = f16(weights.y);
        weights_tile[at + 2u] = f16(weights.z);
        weights_tile[at + 3u] = f16(weights.w);
    }
}

// STEP rows of what TILE positions see, one to a lane at a time.
fn bring_inputs(lane: u32, seen: Seen, k: u32, end: u32) {
    let plane = params.height * params.width;
    for (var row = lane / TILE; row < STEP; row += LANES / TILE) {
        let channel = k + row;
        var value = f16();
        if seen.inside && channel < end {
            value = f16(input[seen.at + channel * plane]);
        }
        inputs_tile[row * PITCH + lane % TILE] = value;
    }
}

// Ends one matrix of each patch from `round` on, whose sums lie in `ends`; `first_m` and `position` are
// where that of the first patch begins.
fn write_ends(lane: u32, split: u32, round: u32, there: u32, first_m: u32, position: u32) {
    workgroupBarrier();
    let image = params.out_height * params.out_width;
    for (var i = lane; i < there * SIDE * SIDE; i += LANES) {
        let patch_index = round + i / (SIDE * SIDE);
        let m = first_m + patch_index / 2u * 2u * SIDE + i / SIDE % SIDE;
        let at = position + patch_index % 2u * 2u * SIDE + i % SIDE;
        finish(split, at / image, m, at % image, ends[round * SIDE * SIDE + i]);
    }
    workgroupBarrier();
}
