// The gradient of self-attention with respect to q, the plain variant, without workgroup memory;
// shared/attention_grad_query.wgsl has what is computed.
//
// An invocation owns one query of one head, lanes being neighbouring queries, so that a key is the same for all.
// It walks the keys 16 at a time with a running maximum and a running sum (online softmax), and gathers BLOCK
// rows as it goes. A head of more rows is walked again for each BLOCK of them: any c. All sums run in order.

const BLOCK: u32 = 128u;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let positions = params.positions;
    let rows = params.rows;
    let tiles = (positions + 63u) / 64u;
    let group = flat_workgroup(workgroup, workgroups);
    let head = group / tiles;
    let q = (group % tiles) * 64u + lane;
    if head >= params.batch * params.heads || q >= positions {
        return;
    }
    let given = head * rows * positions + q;
    var mean = 0.0;
    for (var d = 0u; d < rows; d++) {
        mean += f32(grad[given + d * positions]) * f32(made[given + d * positions]);
    }
    for (var first_row = 0u; first_row < rows; first_row += BLOCK) {
        gather(head, q, mean, first_row, min(BLOCK, rows - first_row));
    }
}

// So many rows of the output; with the first of them the laws.
fn gather(head: u32, q: u32, mean: f32, first_row: u32, count: u32) {
    let positions = params.positions;
    let rows = params.rows;
    let queries = 3u * head * rows * positions + q;
    let keys = (3u * head + 1u) * rows * positions;
    let values = keys + rows * positions;
    let given = head * rows * positions + q;

    var gathered: array<f32, BLOCK>;
    var largest = LOWEST;
    var total = 0.0;
    for (var first = 0u; first < positions; first += 16u) {
        let at0 = places(first);
        let at1 = places(first + 4u);
        let at2 = places(first + 8u);
        let at3 = places(first + 12u);
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        var t0 = vec4<f32>();
        var t1 = vec4<f32>();
        var t2 = vec4<f32>();
        var t3 = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let query = f32(qkv[queries + d * positions]) * params.scale;
            let slope = f32(grad[given + d * positions]);
            let key = keys + d * positions;
            let value = values + d * positions;
            s0 += query * four(key, at0);
            s1 += query * four(key, at1);
            s2 += query * four(key, at2);
            s3 += query * four(key, at3);
            t0 += slope * four(value, at0);
            t1 += slope * four(value, at1);
            t2 += slope * four(value, at2);
            t3 += slope * four(value, at3);
        }
        let before = largest;
        let tops = max(max(s0, s1), max(s2, s3));
        largest = max(largest, max(max(tops.x, tops.y), max(tops.z, tops.w)));
        s0 = shares(s0, largest, first);
        s1 = shares(s1, largest, first + 4u);
        s2 = shares(s2, largest, first + 8u);
        s3 = shares(s3, largest, first + 12u);
        let kept = exp(before - largest);
        let ones = vec4(1.0);
        total = total * kept + dot(s0, ones) + dot(s1, ones) + dot(s2, ones) + dot(s3, ones);
        t0 = s0 * (t0 - mean);
        t1 = s1 * (t1 - mean);
        t2 = s2 * (t2 - mean);
        t3 = s3 * (t3 - mean);
        for (var d = 0u; d < count; d++) {
            let key = keys + (first_row + d) * positions;
            gathered[d] = gathered[d] * kept
                + (dot(t0, four(key, at0)) + dot(t1, four(key, at1))
                + dot(t2, four(key, at2)) + dot(t3, four(key, at3)));
        }
    }
    let inverse = 1.0 / total;
    let by = params.scale * inverse;
    for (var d = 0u; d < count; d++) {
        output[queries + (first_row + d) * positions] = Output(gathered[d] * by);
    }
    if first_row == 0u {
        laws[head * positions + q] = vec4(largest, inverse, mean, 0.0);
    }
}

// exp(score - largest), 0 past the last key.
fn shares(scores: vec4<f32>, largest: f32, first: u32) -> vec4<f32> {
    let there = first + vec4(0u, 1u, 2u, 3u) < vec4(params.positions);
    return select(vec4<f32>(), exp(scores - largest), there);
}
