// x_start[n, :, p] = the colour nearest to x̂_0 there, in the steps that `snaps`: of the least sum of squared differences,
// the first of several. x̂_0 = predict_x·x + predict_output·output.
//
// x, x_start [N, C, P] with D = C·P; output [N, E]; colours [K, C]. One invocation owns one pixel.

struct Params {
    batch: u32,
    channels: u32,
    pixels: u32,
    output_elements: u32,
    colours: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step_numbers: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> output: array<f32>;
@group(0) @binding(4) var<storage, read> colours: array<f32>;
@group(0) @binding(5) var<storage, read_write> x_start: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 64u + lane;
    if step_numbers.snaps == 0u || at >= params.batch * params.pixels {
        return;
    }
    let n = at / params.pixels;
    let p = at % params.pixels;
    var best = 0u;
    var least = 3.4e38;
    for (var k = 0u; k < params.colours; k++) {
        var distance = 0.0;
        for (var c = 0u; c < params.channels; c++) {
            let away = predicted(n, c, p) - colours[k * params.channels + c];
            distance += away * away;
        }
        if distance < least {
            best = k;
            least = distance;
        }
    }
    for (var c = 0u; c < params.channels; c++) {
        let value = predicted(n, c, p);
        // What is no number stays none, to be found.
        let is_number = (bitcast<u32>(value) & 0x7fffffffu) <= 0x7f800000u;
        let colour = colours[best * params.channels + c];
        x_start[(n * params.channels + c) * params.pixels + p] = select(value, colour, is_number);
    }
}

fn predicted(n: u32, c: u32, p: u32) -> f32 {
    let e = c * params.pixels + p;
    return step_numbers.predict_x * x[n * params.channels * params.pixels + e]
        + step_numbers.predict_output * output[n * params.output_elements + e];
}
