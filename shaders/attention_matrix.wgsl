// Self-attention, the variant of cooperative matrices; shared/attention.wgsl has what is computed,
// shared/attention_products.wgsl how. Scores and the softmax are f32.
//
// A workgroup owns 32 queries, 64 where LARGE, and walks the keys with a running maximum and a running sum for each query
// (online softmax); a lane scales its part of the output by what the maximum has grown.
//
// Of a sum over keys those of each 8 of a block come first, then the blocks, then the eights: its bits are the same in both
// forms. Where there are no rows, keys or queries there are zeros; shares (softmax before its division) past the last key are
// 0. Shares are rounded to f16 where they are added too, so that their sum is 1 all the same.

const OWNED: u32 = select(32u, 64u, LARGE);
const PRODUCTS: u32 = 1u;
const SUMS: u32 = 1u;
// Eights of keys of a block.
const EIGHTS: u32 = 4u;

// Keys by queries; values.
fn walked_in(task: Task, product: u32) -> Rows {
    return rows_of(task, 1u);
}

fn owned_in(task: Task, product: u32) -> Rows {
    return rows_of(task, 0u);
}

fn summed_in(task: Task, sum: u32) -> Rows {
    return rows_of(task, 2u);
}

// There are all four or none.
fn four_of(rows: Rows, row: u32, position: u32) -> vec4<f16> {
    if row < params.rows && position < params.positions {
        return qkv[rows.begin + (row * params.positions + position) / 4u];
    }
    return vec4<f16>();
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
    let own = index / OWNED * OWN;

    // Rows `own` to `own` + 3 of the output, those that follow; 32 rows further on the same again.
    var o0 = vec4<f32>(); var o1 = vec4<f32>(); var o2 = vec4<f32>(); var o3 = vec4<f32>();
    var o4 = vec4<f32>(); var o5 = vec4<f32>(); var o6 = vec4<f32>(); var o7 = vec4<f32>();
    var largest = LOWEST;
    // Of the first eight of a lane's keys, and of the other eight.
    var totals = vec2<f32>();
    var fours = fours_of(task, 0u, 0u, index);
    for (var first = 0u; first < params.positions; first += LINES) {
        multiply_along_rows(task, first, 0u, lane, &fours);
        workgroupBarrier();

        let before = largest;
        let there = min(LINES, params.positions - first);
        for (var key = 0u; key < there; key++) {
            largest = max(largest, score(key, query));
        }
        let kept = exp(before - largest);
        var eights = vec2<f32>();
        for (var i = 0u; i < OWN; i++) {
            let key = own + i;
            var share = 0.0;
            if key < there {
                share = f32(f16(exp(score(key, query) - largest)));
            }
            put_factor(key, query, share);
            eights += select(vec2(0.0, share), vec2(share, 0.0), i < 8u);
        }
        // As for the output below, both in one expression: where a compiler joins a product and a sum it does so in both forms.
        totals = totals * kept + eights;

        multiply_by_factors(task, first, 0u, 0u, lane, &fours);
        o0 = o0 * kept + made_of(own, query);
        o1 = o1 * kept + made_of(own + 4u, query);
        if LARGE {
            o2 = o2 * kept + made_of(own + 8u, query);
            o3 = o3 * kept + made_of(own + 12u, query);
        }
        if task.of_sum > 1u {
            multiply_by_factors(task, first, 0u, 1u, lane, &fours);
            o4 = o4 * kept + made_of(own, query);
            o5 = o5 * kept + made_of(own + 4u, query);
            if LARGE {
                o6 = o6 * kept + made_of(own + 8u, query);
                o7 = o7 * kept + made_of(own + 12u, query);
            }
        }
    }

    let total = over_eights(own, query, totals);
    let begin = task.head * params.rows * params.positions;
    finish(task, begin, own, query, o0 / total);
    finish(task, begin, own + 4u, query, o1 / total);
    finish(task, begin, own + LINES, query, o4 / total);
    finish(task, begin, own + LINES + 4u, query, o5 / total);
    if LARGE {
        finish(task, begin, own + 8u, query, o2 / total);
        finish(task, begin, own + 12u, query, o3 / total);
        finish(task, begin, own + LINES + 8u, query, o6 / total);
        finish(task, begin, own + LINES + 12u, query, o7 / total);
    }
}

// The sum of a query's shares: of the eights of a block, in order.
fn over_eights(own: u32, query: u32, totals: vec2<f32>) -> f32 {
    workgroupBarrier();
    products[own / 8u * OWNED + query] = totals.x;
    if LARGE {
        products[(own / 8u + 1u) * OWNED + query] = totals.y;
    }
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < EIGHTS; i++) {
        sum += products[i * OWNED + query];
    }
    return sum;
}
