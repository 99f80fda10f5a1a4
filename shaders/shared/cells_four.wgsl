// Tiles of f16 in workgroup memory whose numbers are written four at a time.

alias Cell = vec4<f16>;
const CELL: u32 = 4u;

fn put_left(at: u32, four: vec4<f16>) {
    left_tile[at / CELL] = four;
}

fn put_right(at: u32, four: vec4<f16>) {
    right_tile[at / CELL] = four;
}
