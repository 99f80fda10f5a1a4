// Self-attention, the variant through workgroup memory (flash attention, Dao et al. 2022);
// shared/attention.wgsl has what is computed.
//
// A workgroup owns 32 queries of one head and 64 rows d of its output: a head of more rows has more
// workgroups, each of which makes the scores anew, so that c may be any. It walks the keys in blocks of 64,
// with a running maximum and a running sum for each query (online softmax). Both products of a block are
// matrix products whose factors go 16 steps at a time through workgroup memory: scores [64 keys, 32 queries]
// along rows d, output [64 rows, 32 queries] along keys. A lane owns the same four queries in both, and four
// keys of the scores or four rows of the output. All sums run in order: d or k, then the blocks of keys.
//
// What 64 keys cost a lane, for 64 rows: 2048 multiply-additions; 80 numbers from memory, which neighbours
// read side by side; 256 vectors from workgroup memory, whose addresses differ by one vector between lanes or
// are the same; 17 barriers.

const LANES: u32 = 128u;
const QUERIES: u32 = 32u;
const KEYS: u32 = 64u;
const ROWS: u32 = 64u;
const STEP: u32 = 16u;

// Quads of queries and of keys; a lane's quad of queries is lane % QUERY_QUADS.
const QUERY_QUADS: u32 = 8u;
const KEY_QUADS: u32 = 16u;

// A step of the scores: 16 rows × quads of queries, 16 rows × quads of keys. One of the output: 4 quads of
// keys × 64 rows of the values, and two more, so that quads lie in other banks.
const QUERIES_TILE: u32 = STEP * KEY_QUADS;
const VALUES_STRIDE: u32 = ROWS + 2u;
var<workgroup> tile: array<vec4<f32>, 384>;
// The shares (softmax before its division) of a block: keys × quads of queries.
var<workgroup> shares: array<vec4<f32>, 512>;
// One quad of queries for each lane, to be joined over the lanes that own them.
var<workgroup> room: array<vec4<f32>, LANES>;

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.positions;
    let rows = params.rows;
    let tiles = (positions + QUERIES - 1u) / QUERIES;
    let blocks = (rows + ROWS - 1u) / ROWS;
    let group = flat_workgroup(workgroup, workgroups);
    let head = group / tiles / blocks;
    let first_row = group / tiles % blocks * ROWS;
    let first_query = group % tiles * QUERIES;
    if head >= params.batch * params.heads {
        return;
    }
    let queries = 3u * head * rows * positions;
    let keys = queries + rows * positions;
    let values = keys + rows * positions;

    let x = lane % QUERY_QUADS;
    let y = lane / QUERY_QUADS;
    let query = first_query + 4u * x;

    // Rows y, y + 16, y + 32 and y + 48 of the output.
    var o0 = vec4<f32>();
    var o1 = vec4<f32>();
    var o2 = vec4<f32>();
    var o3 = vec4<f32>();
    var largest = vec4(LOWEST);
    // Of this lane's keys alone.
    var total = vec4<f32>();
    for (var first = 0u; first < positions; first += KEYS) {
        // Scores of keys 4y to 4y + 3.
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        for (var d = 0u; d < rows; d += STEP) {
            workgroupBarrier();
            for (var i = lane; i < STEP * KEY_QUADS; i += LANES) {
                tile[i] = four(keys, d + i / KEY_QUADS, first + 4u * (i % KEY_QUADS));
            }
            tile[QUERIES_TILE + lane] = params.scale * four(queries, d + y, query);
            workgroupBarrier();
            for (var i = 0u; i < STEP; i++) {
                let k = tile[i * KEY_QUADS + y];
                let q = tile[QUERIES_TILE + i * QUERY_QUADS + x];
                s0 += k.x * q;
                s1 += k.y * q;
                s2 += k.z * q;
                s3 += k.w * q;
            }
        }

        let key = first + 4u * y;
        s0 = masked(key, s0);
        s1 = masked(key + 1u, s1);
        s2 = masked(key + 2u, s2);
        s3 = masked(key + 3u, s3);
        room[lane] = max(max(s0, s1), max(s2, s3));
        workgroupBarrier();
        let before = largest;
        for (var i = x; i < LANES; i += QUERY_QUADS) {
            largest = max(largest, room[i]);
        }
        // 0 past the last key: the first key of a block is there, so `largest` is above LOWEST.
        s0 = exp(s0 - largest);
        s1 = exp(s1 - largest);
        s2 = exp(s2 - largest);
        s3 = exp(s3 - largest);
        let share = 4u * y * QUERY_QUADS + x;
        shares[share] = s0;
        shares[share + QUERY_QUADS] = s1;
        shares[share + 2u * QUERY_QUADS] = s2;
        shares[share + 3u * QUERY_QUADS] = s3;

        let kept = exp(before - largest);
        total = total * kept + (s0 + s1 + s2 + s3);
        o0 *= kept;
        o1 *= kept;
        o2 *= kept;
        o3 *= kept;
        for (var k = 0u; k < min(KEYS, positions - first); k += STEP) {
            workgroupBarrier();
            for (var i = lane; i < STEP / 4u * ROWS; i += LANES) {
                let row = i / 4u;
                tile[i % 4u * VALUES_STRIDE + row] = four(values, first_row + row, first + k + 4u * (i % 4u));
            }
            workgroupBarrier();
            for (var i = 0u; i < STEP / 4u; i++) {
                let at = (k + 4u * i) * QUERY_QUADS + x;
                let p0 = shares[at];
                let p1 = shares[at + QUERY_QUADS];
                let p2 = shares[at + 2u * QUERY_QUADS];
                let p3 = shares[at + 3u * QUERY_QUADS];
                let row = i * VALUES_STRIDE + y;
                o0 = gathered(o0, tile[row], p0, p1, p2, p3);
                o1 = gathered(o1, tile[row + 16u], p0, p1, p2, p3);
                o2 = gathered(o2, tile[row + 32u], p0, p1, p2, p3);
                o3 = gathered(o3, tile[row + 48u], p0, p1, p2, p3);
            }
        }
    }

    room[lane] = total;
    workgroupBarrier();
    total = vec4<f32>();
    for (var i = x; i < LANES; i += QUERY_QUADS) {
        total += room[i];
    }
    let row = first_row + y;
    finish(head, row, query, o0 / total);
    finish(head, row + 16u, query, o1 / total);
    finish(head, row + 32u, query, o2 / total);
    finish(head, row + 48u, query, o3 / total);
}

// Four neighbouring positions of one row of a head's queries, keys or values; 0 where there is none.
fn four(begin: u32, row: u32, position: u32) -> vec4<f32> {
    var numbers = vec4<f32>();
    if row < params.rows {
        let at = begin + row * params.positions + position;
        if position < params.positions { numbers.x = f32(qkv[at]); }
        if position + 1u < params.positions { numbers.y = f32(qkv[at + 1u]); }
        if position + 2u < params.positions { numbers.z = f32(qkv[at + 2u]); }
        if position + 3u < params.positions { numbers.w = f32(qkv[at + 3u]); }
    }
    return numbers;
}

// The scores of a key, below all others past the last key.
fn masked(key: u32, scores: vec4<f32>) -> vec4<f32> {
    return select(vec4(LOWEST), scores, key < params.positions);
}

// sums and the values of four keys by their shares, key by key.
fn gathered(
    sums: vec4<f32>,
    values: vec4<f32>,
    p0: vec4<f32>,
    p1: vec4<f32>,
    p2: vec4<f32>,
    p3: vec4<f32>,
) -> vec4<f32> {
    return sums + values.x * p0 + values.y * p1 + values.z * p2 + values.w * p3;
}

// Writes one row of the output at four queries.
fn finish(head: u32, row: u32, query: u32, numbers: vec4<f32>) {
    let at = (head * params.rows + row) * params.positions + query;
    for (var i = 0u; i < 4u; i++) {
        if row < params.rows && query + i < params.positions {
            output[at + i] = Output(numbers[i]);
        }
    }
}
