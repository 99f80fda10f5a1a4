// Self-attention, the plain variant, without workgroup memory; shared/attention.wgsl has what is computed.
//
// An invocation owns one query of one head, lanes being neighbouring queries, so that q and the output are
// read and written side by side and a key is the same for all lanes. It walks the keys 16 at a time with a
// running maximum and a running sum (online softmax), and gathers BLOCK rows of the values as it goes. A
// head of more rows is walked again for each BLOCK of them: any c. All sums run in order.

const BLOCK: u32 = 64u;

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
    for (var first_row = 0u; first_row < rows; first_row += BLOCK) {
        gather(head, q, first_row, min(BLOCK, rows - first_row));
    }
}

// So many rows of the output.
fn gather(head: u32, q: u32, first_row: u32, count: u32) {
    let positions = params.positions;
    let rows = params.rows;
    let queries = 3u * head * rows * positions + q;
    let keys = (3u * head + 1u) * rows * positions;
    let values = ((3u * head + 2u) * rows + first_row) * positions;

    var gathered: array<f32, BLOCK>;
    var largest = LOWEST;
    var total = 0.0;
    for (var first = 0u; first < positions; first += 16u) {
        // Past the last key, the last again; what it adds is left out below.
        let last = positions - 1u;
        let at0 = min(first + vec4(0u, 1u, 2u, 3u), vec4(last));
        let at1 = min(first + vec4(4u, 5u, 6u, 7u), vec4(last));
        let at2 = min(first + vec4(8u, 9u, 10u, 11u), vec4(last));
        let at3 = min(first + vec4(12u, 13u, 14u, 15u), vec4(last));
        var s0 = vec4<f32>();
        var s1 = vec4<f32>();
        var s2 = vec4<f32>();
        var s3 = vec4<f32>();
        for (var d = 0u; d < rows; d++) {
            let query = f32(qkv[queries + d * positions]) * params.scale;
            let row = keys + d * positions;
            s0 += query * four(row, at0);
            s1 += query * four(row, at1);
            s2 += query * four(row, at2);
            s3 += query * four(row, at3);
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
        for (var d = 0u; d < count; d++) {
            let row = values + d * positions;
            gathered[d] = gathered[d] * kept
                + (dot(s0, four(row, at0)) + dot(s1, four(row, at1))
                + dot(s2, four(row, at2)) + dot(s3, four(row, at3)));
        }
    }
    let out = (head * rows + first_row) * positions + q;
    for (var d = 0u; d < count; d++) {
        output[out + d * positions] = Output(gathered[d] / total);
    }
}

fn four(row: u32, at: vec4<u32>) -> vec4<f32> {
    return vec4(
        f32(qkv[row + at.x]),
        f32(qkv[row + at.y]),
        f32(qkv[row + at.z]),
        f32(qkv[row + at.w]),
    );
}

// exp(score - largest), 0 past the last key.
fn shares(scores: vec4<f32>, largest: f32, first: u32) -> vec4<f32> {
    let there = first + vec4(0u, 1u, 2u, 3u) < vec4(params.positions);
    return select(vec4<f32>(), exp(scores - largest), there);
}
