// output[.., y, x] = input at ((y + ½)·H/H' - ½, (x + ½)·W/W' - ½), bilinearly, the first coordinate not
// below 0 and the neighbours not past the edge: corners not aligned, no antialiasing.
//
// input [planes, H, W], output [planes, H', W']. One invocation makes one number. Coordinates are f32.

struct Params {
    planes: u32,
    height: u32,
    width: u32,
    out_height: u32,
    out_width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<Input>;
@group(0) @binding(2) var<storage, read_write> output: array<Output>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.planes * params.out_height * params.out_width {
        return;
    }
    let x = at % params.out_width;
    let y = (at / params.out_width) % params.out_height;
    let plane = at / params.out_width / params.out_height * params.height;
    let row = between(y, params.height, params.out_height);
    let column = between(x, params.width, params.out_width);
    let above = (plane + row.low) * params.width;
    let below = (plane + row.high) * params.width;
    let upper = mix(f32(input[above + column.low]), f32(input[above + column.high]), column.share);
    let lower = mix(f32(input[below + column.low]), f32(input[below + column.high]), column.share);
    output[at] = Output(mix(upper, lower, row.share));
}

// Two neighbours, and the share of the second.
struct Between {
    low: u32,
    high: u32,
    share: f32,
}

// Where coordinate `to` of `out_side` lies among `side`: with exact integers,
// ((2·to + 1)·side - out_side) / (2·out_side).
fn between(to: u32, side: u32, out_side: u32) -> Between {
    let scaled = (2u * to + 1u) * side;
    let over = select(0u, scaled - out_side, scaled > out_side);
    let low = over / (2u * out_side);
    let share = f32(over % (2u * out_side)) / f32(2u * out_side);
    return Between(low, min(low + 1u, side - 1u), share);
}
