// Self-attention, the variant through workgroup memory (flash attention, Dao et al. 2022);
// shared/attention.wgsl has what is computed.
//
// A workgroup owns 32 queries of one head, 64 where LARGE, and 64 rows d of its output: a head of more rows has more
// workgroups, each of which makes the scores anew, so that c may be any. It walks the keys in blocks of 64,
// with a running maximum and a running sum for each query (online softmax). Both products of a block are
// matrix products whose factors go 16 steps at a time through workgroup memory: scores [64 keys, queries]
// along rows d, output [64 rows, queries] along keys. A lane owns the same four queries in both, and four
// keys of the scores or four rows of the output; where LARGE, twice as many of either. All sums run in order: d or k,
// then the blocks of keys; of a sum over keys those of each quad of a block, then the quads: its bits are the same in
// both forms.
//
// What 64 keys cost a lane, for 64 rows: 2048 multiply-additions; 80 numbers from memory, which neighbours
// read side by side; 256 vectors from workgroup memory, whose addresses differ by one vector between lanes or
// are the same; 17 barriers. Where LARGE: 4096, 112, 384 and 18; and keys and values are brought half as often.

const LANES: u32 = 128u;
const QUERIES: u32 = select(32u, 64u, LARGE);
const KEYS: u32 = 64u;
const ROWS: u32 = 64u;
const STEP: u32 = 16u;

// Quads of queries and of keys; a lane's quad of queries is lane % QUERY_QUADS, its quad of keys lane / QUERY_QUADS, and
// where there are fewer such than quads, one OTHER further too. So are its rows.
const QUERY_QUADS: u32 = QUERIES / 4u;
const KEY_QUADS: u32 = 16u;
const OTHER: u32 = LANES / QUERY_QUADS;
// The keys whose shares there is room for, and where those of the other quads begin.
const SHARES_OF_KEYS: u32 = 512u / QUERY_QUADS;
const HALF_OF_KEYS: u32 = KEYS / 2u;

// A step of the scores: 16 rows × quads of queries, 16 rows × quads of keys. One of the output: 4 quads of
// keys × 64 rows of the values, and two more, so that quads lie in other banks. In between one quad of queries for each
// lane, to be joined over the lanes that own them.
const QUERIES_TILE: u32 = STEP * KEY_QUADS;
const VALUES_STRIDE: u32 = ROWS + 2u;
var<workgroup> tile: array<vec4<f32>, QUERIES_TILE + STEP * QUERY_QUADS>;
// The shares (softmax before its division) of a block, or of half of it where LARGE: keys × quads of queries.
var<workgroup> shares: array<vec4<f32>, 512>;

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

    // Rows y, y + 16, y + 32 and y + 48 of the output; where LARGE, y, y + 8 and so on.
    var o0 = vec4<f32>(); var o1 = vec4<f32>(); var o2 = vec4<f32>(); var o3 = vec4<f32>();
    var o4 = vec4<f32>(); var o5 = vec4<f32>(); var o6 = vec4<f32>(); var o7 = vec4<f32>();
    var largest = vec4(LOWEST);
    // Of this lane's quads of keys alone.
    var total = vec4<f32>();
    var other_total = vec4<f32>();
    for (var first = 0u; first < positions; first += KEYS) {
        // Scores of keys 4y to 4y + 3, and of those of the other quad.
        var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>();
        var s4 = vec4<f32>(); var s5 = vec4<f32>(); var s6 = vec4<f32>(); var s7 = vec4<f32>();
        for (var d = 0u; d < rows; d += STEP) {
            workgroupBarrier();
            for (var i = lane; i < STEP * KEY_QUADS; i += LANES) {
                tile[i] = four(keys, d + i / KEY_QUADS, first + 4u * (i % KEY_QUADS));
            }
            for (var i = lane; i < STEP * QUERY_QUADS; i += LANES) {
                tile[QUERIES_TILE + i] = params.scale * four(queries, d + i / QUERY_QUADS, query);
            }
            workgroupBarrier();
            for (var i = 0u; i < STEP; i++) {
                let k = tile[i * KEY_QUADS + y];
                let q = tile[QUERIES_TILE + i * QUERY_QUADS + x];
                s0 += k.x * q;
                s1 += k.y * q;
                s2 += k.z * q;
                s3 += k.w * q;
                if LARGE {
                    let other = tile[i * KEY_QUADS + OTHER + y];
                    s4 += other.x * q;
                    s5 += other.y * q;
                    s6 += other.z * q;
                    s7 += other.w * q;
                }
            }
        }

        let key = first + 4u * y;
        s0 = masked(key, s0);
        s1 = masked(key + 1u, s1);
        s2 = masked(key + 2u, s2);
        s3 = masked(key + 3u, s3);
        var highest = max(max(s0, s1), max(s2, s3));
        if LARGE {
            let other = key + 4u * OTHER;
            s4 = masked(other, s4);
            s5 = masked(other + 1u, s5);
            s6 = masked(other + 2u, s6);
            s7 = masked(other + 3u, s7);
            highest = max(highest, max(max(s4, s5), max(s6, s7)));
        }
        workgroupBarrier();
        tile[lane] = highest;
        workgroupBarrier();
        let before = largest;
        for (var i = x; i < LANES; i += QUERY_QUADS) {
            largest = max(largest, tile[i]);
        }
        // 0 past the last key: the first key of a block is there, so `largest` is above LOWEST.
        s0 = exp(s0 - largest);
        s1 = exp(s1 - largest);
        s2 = exp(s2 - largest);
        s3 = exp(s3 - largest);
        keep(y, x, s0, s1, s2, s3);

        let kept = exp(before - largest);
        total = total * kept + (s0 + s1 + s2 + s3);
        o0 *= kept; o1 *= kept; o2 *= kept; o3 *= kept;
        if LARGE {
            s4 = exp(s4 - largest);
            s5 = exp(s5 - largest);
            s6 = exp(s6 - largest);
            s7 = exp(s7 - largest);
            other_total = other_total * kept + (s4 + s5 + s6 + s7);
            o4 *= kept; o5 *= kept; o6 *= kept; o7 *= kept;
        }
        for (var k = 0u; k < min(KEYS, positions - first); k += STEP) {
            workgroupBarrier();
            if LARGE && k == HALF_OF_KEYS {
                keep(y, x, s4, s5, s6, s7);
            }
            for (var i = lane; i < STEP / 4u * ROWS; i += LANES) {
                let row = i / 4u;
                tile[i % 4u * VALUES_STRIDE + row] = four(values, first_row + row, first + k + 4u * (i % 4u));
            }
            workgroupBarrier();
            for (var i = 0u; i < STEP / 4u; i++) {
                let at = (k % SHARES_OF_KEYS + 4u * i) * QUERY_QUADS + x;
                let p0 = shares[at];
                let p1 = shares[at + QUERY_QUADS];
                let p2 = shares[at + 2u * QUERY_QUADS];
                let p3 = shares[at + 3u * QUERY_QUADS];
                let row = i * VALUES_STRIDE + y;
                o0 = gathered(o0, tile[row], p0, p1, p2, p3);
                o1 = gathered(o1, tile[row + OTHER], p0, p1, p2, p3);
                o2 = gathered(o2, tile[row + 2u * OTHER], p0, p1, p2, p3);
                o3 = gathered(o3, tile[row + 3u * OTHER], p0, p1, p2, p3);
                if LARGE {
                    o4 = gathered(o4, tile[row + 4u * OTHER], p0, p1, p2, p3);
                    o5 = gathered(o5, tile[row + 5u * OTHER], p0, p1, p2, p3);
                    o6 = gathered(o6, tile[row + 6u * OTHER], p0, p1, p2, p3);
                    o7 = gathered(o7, tile[row + 7u * OTHER], p0, p1, p2, p3);
                }
            }
        }
    }

    total = over_lanes(lane, total, vec4<f32>());
    if LARGE {
        total = over_lanes(lane, other_total, total);
    }
    let row = first_row + y;
    finish(head, row, query, o0 / total);
    finish(head, row + OTHER, query, o1 / total);
    finish(head, row + 2u * OTHER, query, o2 / total);
    finish(head, row + 3u * OTHER, query, o3 / total);
    if LARGE {
        finish(head, row + 4u * OTHER, query, o4 / total);
        finish(head, row + 5u * OTHER, query, o5 / total);
        finish(head, row + 6u * OTHER, query, o6 / total);
        finish(head, row + 7u * OTHER, query, o7 / total);
    }
}

// The sums of a lane's queries over the lanes that own them, in order, added to others.
fn over_lanes(lane: u32, mine: vec4<f32>, before: vec4<f32>) -> vec4<f32> {
    workgroupBarrier();
    tile[lane] = mine;
    workgroupBarrier();
    var sum = before;
    for (var i = lane % QUERY_QUADS; i < LANES; i += QUERY_QUADS) {
        sum += tile[i];
    }
    return sum;
}

// Keeps the shares of a quad of keys, by its place among those that there is room for.
fn keep(quad: u32, x: u32, s0: vec4<f32>, s1: vec4<f32>, s2: vec4<f32>, s3: vec4<f32>) {
    let share = 4u * quad * QUERY_QUADS + x;
    shares[share] = s0;
    shares[share + QUERY_QUADS] = s1;
    shares[share + 2u * QUERY_QUADS] = s2;
    shares[share + 3u * QUERY_QUADS] = s3;
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
