// Tiles of f16 in workgroup memory number by number: where matrices are loaded from single numbers only.

alias Cell = f16;
const CELL: u32 = 1u;

fn put_weights(at: u32, four: vec4<f16>) {
    weights_tile[at] = four.x;
    weights_tile[at + 1u] = four.y;
    weights_tile[at + 2u] = four.z;
    weights_tile[at + 3u] = four.w;
}

fn put_inputs(at: u32, four: vec4<f16>) {
    inputs_tile[at] = four.x;
    inputs_tile[at + 1u] = four.y;
    inputs_tile[at + 2u] = four.z;
    inputs_tile[at + 3u] = four.w;
}
