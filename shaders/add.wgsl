// output = first + second, transposed: output[column, row] = first[row, column] + second[row, column].
//
// first and second [rows, columns]; output [columns, padded], 0 beyond the last row: the order in which
// the weights of convolutions lie. With one row nothing is transposed. One invocation makes one number.

struct Params {
    rows: u32,
    columns: u32,
    padded: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> first: array<First>;
@group(0) @binding(2) var<storage, read> second: array<Second>;
@group(0) @binding(3) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.columns * params.padded {
        return;
    }
    let row = at % params.padded;
    var sum = 0.0;
    if row < params.rows {
        let source = row * params.columns + at / params.padded;
        sum = f32(first[source]) + f32(second[source]);
    }
    output[at] = Output(sum);
}
