// The statistics of a group of numbers, (mean, 1/√(variance + ε)), ε = 1e-5, for every lane of the workgroup that owns it.
//
// The variance is the mean square about the mean, in a second pass; lane sums are added as shared/reduce_*.wgsl has it,
// always in the same order. LANES and number_at, which reads what is normalised, are the kernel's.

fn statistics_of(lane: u32, first: u32, elements: u32) -> vec2<f32> {
    let count = f32(elements);
    var mine = 0.0;
    for (var i = lane; i < elements; i += LANES) {
        mine += number_at(first + i);
    }
    let mean = sum(lane, mine) / count;
    var squares = 0.0;
    for (var i = lane; i < elements; i += LANES) {
        let centred = number_at(first + i) - mean;
        squares += centred * centred;
    }
    let variance = sum(lane, squares) / count;
    return vec2(mean, 1.0 / sqrt(variance + 1e-5));
}
