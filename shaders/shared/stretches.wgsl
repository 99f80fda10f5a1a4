// The sum of a convolution's number over all stretches of its input channels, in order: sums [splits, `numbers`]. The
// binding and the parameters are the kernel's.

fn added(numbers: u32, at: u32) -> f32 {
    var value = 0.0;
    for (var split = 0u; split < params.splits; split++) {
        value += sums[split * numbers + at];
    }
    return value;
}
