// Tiles of f16 in workgroup memory whose numbers are written four at a time.

alias Cell = vec4<f16>;
const CELL: u32 = 4u;

fn put_weights(at: u32, four: vec4<f16>) {
    weights_tile[at / CELL] = four;
}

fn put_inputs(at: u32, four: vec4<f16>) {
    inputs_tile[at / CELL] = four;
}
