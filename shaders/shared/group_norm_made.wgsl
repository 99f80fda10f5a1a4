// What kernels share that make the numbers which they normalise: one workgroup owns one group, and a lane reads of `made`
// what it wrote itself. number_of makes a number and law_of has the law by which it is normalised; both, the bindings and the
// parameters are the kernel's.

const LANES: u32 = 256u;

fn number_at(at: u32) -> f32 {
    return f32(made[at]);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = flat_workgroup(workgroup, workgroups);
    let groups = params.channels / params.per_group;
    if group >= params.batch * groups {
        return;
    }
    let n = group / groups;
    let elements = params.per_group * params.positions;
    let first = group * elements;
    let first_channel = group % groups * params.per_group;
    for (var i = lane; i < elements; i += LANES) {
        made[first + i] = Made(number_of(n, first_channel + i / params.positions, i % params.positions));
    }
    let statistics = statistics_of(lane, first, elements);
    for (var i = lane; i < elements; i += LANES) {
        let law = law_of(n, first_channel + i / params.positions, statistics);
        output[first + i] = Output(by_law(number_at(first + i), law, params.silu != 0u));
    }
}
