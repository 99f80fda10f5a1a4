// What the gradients of self-attention through workgroup memory share (flash attention, Dao et al. 2022): how a
// workgroup multiplies.
//
// A workgroup owns 32 positions of one head, queries or keys, and 64 rows d of their gradients: a head of more
// rows has more workgroups, each of which makes the products along all rows anew, so that c may be any. It walks
// the positions of the other kind in blocks of 64. A block has products [64 walked, 32 owned] along rows d, and
// adds to sums [64 rows, 32 owned] along the positions walked, by factors that follow from the products. What is
// multiplied goes 16 steps at a time through workgroup memory. A lane owns the same four positions in both, and
// four of those walked or four rows. All sums run in order: d or the positions walked, then blocks.
//
// Each product or sum of a block costs a lane, for 64 rows: 1024 multiply-additions; 48 or 32 numbers from memory,
// which neighbours read side by side; 128 vectors from workgroup memory, whose addresses differ by one vector
// between lanes or are the same; 8 barriers.

const LANES: u32 = 128u;
const OWNED: u32 = 32u;
const WALKED: u32 = 64u;
const ROWS: u32 = 64u;
const STEP: u32 = 16u;

// Quads of positions owned and walked; a lane's quad of those owned is lane % OWNED_QUADS.
const OWNED_QUADS: u32 = 8u;
const WALKED_QUADS: u32 = 16u;

// A step of a product: 16 rows × quads of positions walked, 16 rows × quads of those owned. One of a sum: 4 quads
// of positions walked × 64 rows, and two more, so that quads lie in other banks.
const OWNED_TILE: u32 = STEP * WALKED_QUADS;
const SUMMED_STRIDE: u32 = ROWS + 2u;
var<workgroup> tile: array<vec4<f32>, 384>;
// What a block's sums go by: positions walked × quads of those owned.
var<workgroup> factors: array<vec4<f32>, 512>;

// A head's rows of q, k or v, or of grad, from this number on.
struct Rows {
    begin: u32,
    of_grad: bool,
}

// Four neighbouring positions of a row; past the last, the last again, and 0 past the last row.
fn four_of(rows: Rows, row: u32, position: u32) -> vec4<f32> {
    let begin = rows.begin + min(row, params.rows - 1u) * params.positions;
    var numbers: vec4<f32>;
    if rows.of_grad {
        numbers = four_of_grad(begin, places(position));
    } else {
        numbers = four(begin, places(position));
    }
    return select(vec4<f32>(), numbers, row < params.rows);
}

// Products along all rows: of the lane's four positions walked, each with its quad of those owned.
fn products(walked: Rows, first: u32, owned: Rows, position: u32, lane: u32) -> mat4x4<f32> {
    let x = lane % OWNED_QUADS;
    let y = lane / OWNED_QUADS;
    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    for (var d = 0u; d < params.rows; d += STEP) {
        workgroupBarrier();
        for (var i = lane; i < STEP * WALKED_QUADS; i += LANES) {
            tile[i] = four_of(walked, d + i / WALKED_QUADS, first + 4u * (i % WALKED_QUADS));
        }
        tile[OWNED_TILE + lane] = four_of(owned, d + y, position);
        workgroupBarrier();
        for (var i = 0u; i < STEP; i++) {
            let w = tile[i * WALKED_QUADS + y];
            let o = tile[OWNED_TILE + i * OWNED_QUADS + x];
            s0 += w.x * o;
            s1 += w.y * o;
            s2 += w.z * o;
            s3 += w.w * o;
        }
    }
    return mat4x4(s0, s1, s2, s3);
}

// The factors of the lane's four positions walked. Those of a block before must have been read.
fn put(lane: u32, f0: vec4<f32>, f1: vec4<f32>, f2: vec4<f32>, f3: vec4<f32>) {
    let at = lane / OWNED_QUADS * 4u * OWNED_QUADS + lane % OWNED_QUADS;
    factors[at] = f0;
    factors[at + OWNED_QUADS] = f1;
    factors[at + 2u * OWNED_QUADS] = f2;
    factors[at + 3u * OWNED_QUADS] = f3;
}

// sums and what a block's positions add to them by the factors that were put: rows y, y + 16, y + 32 and y + 48 at
// the lane's quad.
fn summed(sums: mat4x4<f32>, walked: Rows, first_row: u32, first: u32, lane: u32) -> mat4x4<f32> {
    let x = lane % OWNED_QUADS;
    let y = lane / OWNED_QUADS;
    var o0 = sums[0];
    var o1 = sums[1];
    var o2 = sums[2];
    var o3 = sums[3];
    for (var k = 0u; k < min(WALKED, params.positions - first); k += STEP) {
        workgroupBarrier();
        for (var i = lane; i < STEP / 4u * ROWS; i += LANES) {
            let row = i / 4u;
            tile[i % 4u * SUMMED_STRIDE + row] = four_of(walked, first_row + row, first + k + 4u * (i % 4u));
        }
        workgroupBarrier();
        for (var i = 0u; i < STEP / 4u; i++) {
            let at = (k + 4u * i) * OWNED_QUADS + x;
            let f0 = factors[at];
            let f1 = factors[at + OWNED_QUADS];
            let f2 = factors[at + 2u * OWNED_QUADS];
            let f3 = factors[at + 3u * OWNED_QUADS];
            let row = i * SUMMED_STRIDE + y;
            o0 = added(o0, tile[row], f0, f1, f2, f3);
            o1 = added(o1, tile[row + 16u], f0, f1, f2, f3);
            o2 = added(o2, tile[row + 32u], f0, f1, f2, f3);
            o3 = added(o3, tile[row + 48u], f0, f1, f2, f3);
        }
    }
    return mat4x4(o0, o1, o2, o3);
}

// sums and four numbers by their factors, one by one.
fn added(
    sums: vec4<f32>,
    numbers: vec4<f32>,
    f0: vec4<f32>,
    f1: vec4<f32>,
    f2: vec4<f32>,
    f3: vec4<f32>,
) -> vec4<f32> {
    return sums + numbers.x * f0 + numbers.y * f1 + numbers.z * f2 + numbers.w * f3;
}

// Writes the lane's rows of the output at its quad of positions.
fn finish(rows: Rows, first_row: u32, position: u32, sums: mat4x4<f32>, lane: u32) {
    let row = first_row + lane / OWNED_QUADS;
    write(rows, row, position, sums[0]);
    write(rows, row + 16u, position, sums[1]);
    write(rows, row + 32u, position, sums[2]);
    write(rows, row + 48u, position, sums[3]);
}

fn write(rows: Rows, row: u32, position: u32, numbers: vec4<f32>) {
    let at = rows.begin + row * params.positions + position;
    for (var i = 0u; i < 4u; i++) {
        if row < params.rows && position + i < params.positions {
            output[at + i] = Output(numbers[i]);
        }
    }
}
