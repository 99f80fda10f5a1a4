// output[n, e] = ∂(weight·total)/∂ predicted[n, e], by the terms of shared/loss.wgsl.
//
// output [N, E or 2E], as predicted. One invocation owns one element and its variance channel.

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let at = flat_workgroup(workgroup, workgroups) * 256u + lane;
    if at >= params.batch * params.elements {
        return;
    }
    let n = at / params.elements;
    let source = n * params.predicted_elements + at % params.elements;
    let learned = params.predicted_elements > params.elements;
    var channel = 0.0;
    if learned {
        channel = predicted[source + params.elements];
    }
    let row = rows[n];
    let term = loss_term(row, x_start[at], noise[at], x[at], predicted[source], channel);
    let share = row.weight / f32(params.elements);
    output[source] = share * term.d_output;
    if learned {
        output[source + params.elements] = share * term.d_channel;
    }
}
