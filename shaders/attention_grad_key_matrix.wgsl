// The gradient of self-attention with respect to k and v, the variant of cooperative matrices;
// shared/attention_grad_key.wgsl has what is computed, shared/attention_products.wgsl how.
//
// A workgroup owns 32 keys and walks the queries: scores are products of queries and keys, their slopes of grad and values. A
// lane owns a key and 8 of a block's queries. The factors of both sums take turns in workgroup memory, rounded to f16.

const SUMS: u32 = 2u;

// The laws of a block's queries.
var<workgroup> block_laws: array<vec4<f32>, LINES>;

// Queries by keys; grad by values.
fn walked_in(task: Task, product: u32) -> Rows {
    if product == 0u {
        return rows_of(task, 0u);
    }
    return rows_of_grad(task);
}

fn owned_in(task: Task, product: u32) -> Rows {
    return rows_of(task, product + 1u);
}

// Of v, then of k.
fn summed_in(task: Task, sum: u32) -> Rows {
    if sum == 0u {
        return rows_of_grad(task);
    }
    return rows_of(task, 0u);
}

@compute @workgroup_size(128)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
) {
    let task = task_of(flat_workgroup(workgroup, workgroups));
    if task.head >= params.batch * params.heads {
        return;
    }
    let lane = Lane(index, subgroup, subgroups);
    let key = index % OWNED;
    let own = index / OWNED * OWN;

    // Rows `own` to `own` + 7 of either gradient, and those 32 further on.
    var v0 = vec4<f32>(); var v1 = vec4<f32>(); var v2 = vec4<f32>(); var v3 = vec4<f32>();
    var k0 = vec4<f32>(); var k1 = vec4<f32>(); var k2 = vec4<f32>(); var k3 = vec4<f32>();
    var fours = fours_of(task, 0u, 0u, index);
    for (var first = 0u; first < params.positions; first += LINES) {
        if index < LINES {
            // Past the last query no key has a share.
            var law = vec4(-LOWEST, 0.0, 0.0, 0.0);
            if first + index < params.positions {
                law = laws[task.head * params.positions + first + index];
            }
            block_laws[index] = law;
        }
        multiply_along_rows(task, first, 0u, lane, &fours);
        multiply_along_rows(task, first, 1u, lane, &fours);
        workgroupBarrier();

        // What both factors are made of, before products are made of them in its place.
        let shares0 = shares_of(own, key);
        let shares1 = shares_of(own + 4u, key);
        let slopes0 = shares0 * slopes_of(own, key);
        let slopes1 = shares1 * slopes_of(own + 4u, key);
        put_factors(own, key, shares0);
        put_factors(own + 4u, key, shares1);
        multiply_by_factors(task, first, 0u, 0u, lane, &fours);
        v0 += made_of(own, key);
        v1 += made_of(own + 4u, key);
        if task.of_sum > 1u {
            multiply_by_factors(task, first, 0u, 1u, lane, &fours);
            v2 += made_of(own, key);
            v3 += made_of(own + 4u, key);
        }
        put_factors(own, key, slopes0);
        put_factors(own + 4u, key, slopes1);
        multiply_by_factors(task, first, 1u, 0u, lane, &fours);
        k0 += made_of(own, key);
        k1 += made_of(own + 4u, key);
        if task.of_sum > 1u {
            multiply_by_factors(task, first, 1u, 1u, lane, &fours);
            k2 += made_of(own, key);
            k3 += made_of(own + 4u, key);
        }
    }

    let of_key = (3u * task.head + 1u) * params.rows * params.positions;
    finish(task, of_key, own, key, k0 * params.scale);
    finish(task, of_key, own + 4u, key, k1 * params.scale);
    finish(task, of_key, own + LINES, key, k2 * params.scale);
    finish(task, of_key, own + LINES + 4u, key, k3 * params.scale);
    let of_value = of_key + params.rows * params.positions;
    finish(task, of_value, own, key, v0);
    finish(task, of_value, own + 4u, key, v1);
    finish(task, of_value, own + LINES, key, v2);
    finish(task, of_value, own + LINES + 4u, key, v3);
}

// The shares that a key has in the softmax of four of a block's queries.
fn shares_of(query: u32, key: u32) -> vec4<f32> {
    let scores = params.scale * made_of(query, key);
    return vec4(
        share_of(block_laws[query], scores.x),
        share_of(block_laws[query + 1u], scores.y),
        share_of(block_laws[query + 2u], scores.z),
        share_of(block_laws[query + 3u], scores.w),
    );
}

fn share_of(law: vec4<f32>, score: f32) -> f32 {
    return exp(score - law.x) * law.y;
}

// How far their slopes for a key are from their mean.
fn slopes_of(query: u32, key: u32) -> vec4<f32> {
    let means = vec4(
        block_laws[query].z,
        block_laws[query + 1u].z,
        block_laws[query + 2u].z,
        block_laws[query + 3u].z,
    );
    return made_of(LINES + query, key) - means;
}

fn put_factors(query: u32, key: u32, four: vec4<f32>) {
    put_factor(query, key, four.x);
    put_factor(query + 1u, key, four.y);
    put_factor(query + 2u, key, four.z);
    put_factor(query + 3u, key, four.w);
}
