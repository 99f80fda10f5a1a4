// The gradient of self-attention with respect to k and v, the variant through workgroup memory;
// shared/attention_grad_key.wgsl has what is computed, shared/attention_grad_blocks.wgsl how.
//
// A workgroup owns 32 keys and walks the queries. The factors of both sums take turns in workgroup memory.

// The laws of a block's queries.
var<workgroup> block_laws: array<vec4<f32>, WALKED>;

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
    let first_key = group % tiles * OWNED;
    if head >= params.batch * params.heads {
        return;
    }
    let queries = Rows(3u * head * rows * positions, false);
    let keys = Rows(queries.begin + rows * positions, false);
    let values = Rows(keys.begin + rows * positions, false);
    let slopes = Rows(head * rows * positions, true);

    let y = lane / OWNED_QUADS;
    let key = first_key + 4u * (lane % OWNED_QUADS);

    var of_key = mat4x4<f32>();
    var of_value = mat4x4<f32>();
    for (var first = 0u; first < positions; first += WALKED) {
        if lane < WALKED {
            // Past the last query no key has a share.
            var law = vec4(-LOWEST, 0.0, 0.0, 0.0);
            if first + lane < positions {
                law = laws[head * positions + first + lane];
            }
            block_laws[lane] = law;
        }
        let s = products(queries, first, keys, key, lane);
        let t = products(slopes, first, values, key, lane);
        let law0 = block_laws[4u * y];
        let law1 = block_laws[4u * y + 1u];
        let law2 = block_laws[4u * y + 2u];
        let law3 = block_laws[4u * y + 3u];
        let p0 = shares(s[0], law0);
        let p1 = shares(s[1], law1);
        let p2 = shares(s[2], law2);
        let p3 = shares(s[3], law3);
        put(lane, p0, p1, p2, p3);
        of_value = summed(of_value, slopes, first_row, first, lane);
        workgroupBarrier();
        put(lane, p0 * (t[0] - law0.z), p1 * (t[1] - law1.z), p2 * (t[2] - law2.z), p3 * (t[3] - law3.z));
        of_key = summed(of_key, queries, first_row, first, lane);
    }
    finish(keys, first_row, key, of_key * params.scale, lane);
    finish(values, first_row, key, of_value, lane);
}

// The shares of four keys in a query's softmax.
fn shares(products: vec4<f32>, law: vec4<f32>) -> vec4<f32> {
    return exp(params.scale * products - law.x) * law.y;
}
