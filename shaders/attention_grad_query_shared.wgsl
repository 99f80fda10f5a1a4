// The gradient of self-attention with respect to q, the variant through workgroup memory;
// shared/attention_grad_query.wgsl has what is computed, shared/attention_grad_blocks.wgsl how.
//
// A workgroup owns 32 queries and walks the keys, with a running maximum and a running sum for each query (online
// softmax), so that a block of keys is brought for their scores, their slopes and the sums alone.

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
    let tiles = (positions + OWNED - 1u) / OWNED;
    let blocks = (rows + ROWS - 1u) / ROWS;
    let group = flat_workgroup(workgroup, workgroups);
    let head = group / tiles / blocks;
    let first_row = group / tiles % blocks * ROWS;
    let first_query = group % tiles * OWNED;
    if head >= params.batch * params.heads {
        return;
    }
    let queries = Rows(3u * head * rows * positions, false);
    let keys = Rows(queries.begin + rows * positions, false);
    let values = Rows(keys.begin + rows * positions, false);
    let slopes = Rows(head * rows * positions, true);

    let x = lane % OWNED_QUADS;
    let y = lane / OWNED_QUADS;
    let query = first_query + 4u * x;

    var mean = vec4<f32>();
    for (var d = y; d < rows; d += LANES / OWNED_QUADS) {
        let row = slopes.begin + d * positions;
        mean += four_of_grad(row, places(query)) * four_of_made(row, places(query));
    }
    mean = joined(mean, lane);

    var sums = mat4x4<f32>();
    var largest = vec4(LOWEST);
    // Of this lane's keys alone.
    var total = vec4<f32>();
    for (var first = 0u; first < positions; first += WALKED) {
        let s = products(keys, first, queries, query, lane);
        let t = products(values, first, slopes, query, lane);
        let key = first + 4u * y;
        let s0 = masked(key, s[0]);
        let s1 = masked(key + 1u, s[1]);
        let s2 = masked(key + 2u, s[2]);
        let s3 = masked(key + 3u, s[3]);
        room[lane] = max(max(s0, s1), max(s2, s3));
        workgroupBarrier();
        let before = largest;
        for (var i = x; i < LANES; i += OWNED_QUADS) {
            largest = max(largest, room[i]);
        }
        // 0 past the last key: the first key of a block is there, so `largest` is above LOWEST.
        let p0 = exp(s0 - largest);
        let p1 = exp(s1 - largest);
        let p2 = exp(s2 - largest);
        let p3 = exp(s3 - largest);
        let kept = exp(before - largest);
        total = total * kept + (p0 + p1 + p2 + p3);
        put(lane, p0 * (t[0] - mean), p1 * (t[1] - mean), p2 * (t[2] - mean), p3 * (t[3] - mean));
        let before_block = mat4x4(sums[0] * kept, sums[1] * kept, sums[2] * kept, sums[3] * kept);
        sums = summed(before_block, keys, first_row, first, lane);
    }

    let inverse = 1.0 / joined(total, lane);
    let by = params.scale * inverse;
    finish(queries, first_row, query, mat4x4(sums[0] * by, sums[1] * by, sums[2] * by, sums[3] * by), lane);
    for (var i = 0u; i < 4u; i++) {
        if first_row == 0u && y == 0u && query + i < positions {
            laws[head * positions + query + i] = vec4(largest[i], inverse[i], mean[i], 0.0);
        }
    }
}

fn four_of_made(row: u32, at: vec4<u32>) -> vec4<f32> {
    return vec4(f32(made[row + at.x]), f32(made[row + at.y]), f32(made[row + at.z]), f32(made[row + at.w]));
}

// The scores of a key of which these are the products, below all others past the last key.
fn masked(key: u32, products: vec4<f32>) -> vec4<f32> {
    return select(vec4(LOWEST), params.scale * products, key < params.positions);
}

// The sum of what the lanes have that own the same queries. What was in the room must have been read.
fn joined(own: vec4<f32>, lane: u32) -> vec4<f32> {
    room[lane] = own;
    workgroupBarrier();
    var sum = vec4<f32>();
    for (var i = lane % OWNED_QUADS; i < LANES; i += OWNED_QUADS) {
        sum += room[i];
    }
    return sum;
}
