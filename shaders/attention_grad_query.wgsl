// The gradient of self-attention with respect to q:
//
//     output[d, q] = Σ_k ∂s_k·k[d, k]/√c, ∂s_k = p_k·(Σ_d grad[d, q]·v[d, k] - mean)
//
// p the softmax of the scores s_k = Σ_d q[d, q]·k[d, k]/√c, made again from their largest and their sum;
// these and the mean are `laws`. Of the output this kernel writes the rows of q.
//
// One invocation owns one query, lanes being neighbouring queries, so that a key is the same for all. It
// walks the keys 16 at a time; what it has gathered lies in its own column of the output. Any c. All
// sums run in order.

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
    let queries = 3u * head * rows * positions;
    let keys = queries + rows * positions;
    let values = keys + rows * positions;
    let given = head * rows * positions + q;
    let law = laws[head * positions + q];

    for (var first = 0u; first < positions; first += 16u) {
        let at0 = places(first + 0u, positions);
        let at1 = places(first + 4u, positions);
        let at2 = places(first + 8u, positions);
        let at3 = places(first + 12u, positions);
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        var t0 = vec4<f32>();
        var t1 = vec4<f32>();
        var t2 = vec4<f32>();
        var t3 = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let query = f32(qkv[queries + d * positions + q]) * params.scale;
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
        t0 = slopes(s0, t0, law, first + 0u, positions);
        t1 = slopes(s1, t1, law, first + 4u, positions);
        t2 = slopes(s2, t2, law, first + 8u, positions);
        t3 = slopes(s3, t3, law, first + 12u, positions);
        for (var d = 0u; d < rows; d++) {
            let key = keys + d * positions;
            let gathered = dot(t0, four(key, at0)) + dot(t1, four(key, at1))
                + dot(t2, four(key, at2)) + dot(t3, four(key, at3));
            let at = queries + d * positions + q;
            if first == 0u {
                output[at] = gathered;
            } else {
                output[at] += gathered;
            }
        }
    }
}

// ∂s/√c of four keys, 0 past the last.
fn slopes(
    scores: vec4<f32>, values: vec4<f32>, law: vec4<f32>, first: u32, positions: u32,
) -> vec4<f32> {
    let there = first + vec4(0u, 1u, 2u, 3u) < vec4(positions);
    let shares = exp(scores - law.x) * law.y;
    return select(vec4<f32>(), params.scale * shares * (values - law.z), there);
}
