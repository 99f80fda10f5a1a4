// What the gradients of self-attention in cooperative matrices read, for attention_products.wgsl: 32 queries or keys are owned.

const OWNED: u32 = 32u;
const PRODUCTS: u32 = 2u;

// A head's rows of grad.
fn rows_of_grad(task: Task) -> Rows {
    return Rows(task.head * params.rows * params.positions / 4u, true);
}

// There are all four or none.
fn four_of(rows: Rows, row: u32, position: u32) -> vec4<f16> {
    if row < params.rows && position < params.positions {
        let at = rows.begin + (row * params.positions + position) / 4u;
        if rows.of_grad {
            return vec4<f16>(grad[at]);
        }
        return qkv[at];
    }
    return vec4<f16>();
}
