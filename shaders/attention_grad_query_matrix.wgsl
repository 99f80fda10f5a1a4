// The gradient of self-attention with respect to q, the variant of cooperative matrices;
// shared/attention_grad_query.wgsl has what is computed, shared/attention_products.wgsl how.
//
// A workgroup owns 32 queries and walks the keys, with a running maximum and a running sum for each query (online
// softmax): scores are products of keys and queries, their slopes of values and grad. A lane owns a query and 8 of a block's
// keys. ∂s, before its division by the sum of shares, is rounded to f16: where that has no room for it the gradient is not
// finite, as where a gradient itself has none, and the optimiser leaves the step out.

const SUMS: u32 = 1u;

// Keys by queries; values by grad.
fn walked_in(task: Task, product: u32) -> Rows {
    return rows_of(task, product + 1u);
}

fn owned_in(task: Task, product: u32) -> Rows {
    if product == 0u {
        return rows_of(task, 0u);
    }
    return rows_of_grad(task);
}

fn summed_in(task: Task, sum: u32) -> Rows {
    return rows_of(task, 1u);
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
    let query = index % OWNED;
    let eight = index / OWNED;
    let own = eight * OWN;

    let mean = mean_of(task, index, query);
    // Rows `own` to `own` + 7 of the gradient, and those 32 further on.
    var o0 = vec4<f32>(); var o1 = vec4<f32>(); var o2 = vec4<f32>(); var o3 = vec4<f32>();
    var largest = LOWEST;
    // Of a lane's keys alone.
    var total = 0.0;
    var fours = fours_of(task, 0u, 0u, index);
    for (var first = 0u; first < params.positions; first += LINES) {
        multiply_along_rows(task, first, 0u, lane, &fours);
        multiply_along_rows(task, first, 1u, lane, &fours);
        workgroupBarrier();

        let before = largest;
        let there = min(LINES, params.positions - first);
        for (var key = 0u; key < there; key++) {
            largest = max(largest, score(key, query));
        }
        let kept = exp(before - largest);
        var shares = 0.0;
        for (var i = 0u; i < OWN; i++) {
            let key = own + i;
            var share = 0.0;
            if key < there {
                share = exp(score(key, query) - largest);
            }
            put_factor(key, query, share * (products[PRODUCT + key * OWNED + query] - mean));
            shares += share;
        }
        total = total * kept + shares;

        multiply_by_factors(task, first, 0u, 0u, lane, &fours);
        o0 = o0 * kept + made_of(own, query);
        o1 = o1 * kept + made_of(own + 4u, query);
        if task.of_sum > 1u {
            multiply_by_factors(task, first, 0u, 1u, lane, &fours);
            o2 = o2 * kept + made_of(own, query);
            o3 = o3 * kept + made_of(own + 4u, query);
        }
    }

    workgroupBarrier();
    products[eight * OWNED + query] = total;
    workgroupBarrier();
    let inverse = 1.0 / over_lanes(query, LANES / OWNED);
    let by = params.scale * inverse;
    let begin = 3u * task.head * params.rows * params.positions;
    finish(task, begin, own, query, o0 * by);
    finish(task, begin, own + 4u, query, o1 * by);
    finish(task, begin, own + LINES, query, o2 * by);
    finish(task, begin, own + LINES + 4u, query, o3 * by);
    let position = task.first_owned + query;
    if eight == 0u && task.first_row == 0u && position < params.positions {
        laws[task.head * params.positions + position] = vec4(largest, inverse, mean, 0.0);
    }
}

// The mean of a query's slopes, of what they are made of: a lane adds up every sixteenth row for four queries.
fn mean_of(task: Task, index: u32, query: u32) -> f32 {
    let quad = index % (OWNED / 4u);
    let first = index / (OWNED / 4u);
    let position = task.first_owned + 4u * quad;
    var sums = vec4<f32>();
    if position < params.positions {
        for (var d = first; d < params.rows; d += LANES / (OWNED / 4u)) {
            let at = (task.head * params.rows + d) * params.positions + position;
            let four = vec4(f32(made[at]), f32(made[at + 1u]), f32(made[at + 2u]), f32(made[at + 3u]));
            sums += vec4<f32>(four_of(rows_of_grad(task), d, position)) * four;
        }
    }
    let own = first * OWNED + 4u * quad;
    products[own] = sums.x;
    products[own + 1u] = sums.y;
    products[own + 2u] = sums.z;
    products[own + 3u] = sums.w;
    workgroupBarrier();
    return over_lanes(query, LANES / (OWNED / 4u));
}

// The sum of what so many lanes have left of a query, in order.
fn over_lanes(query: u32, count: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        sum += products[i * OWNED + query];
    }
    return sum;
}
