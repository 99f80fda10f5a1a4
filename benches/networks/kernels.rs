//! Variants of kernels on a device, and where a pass of the network takes its time there: by its own clock, kernel by kernel.

use std::collections::BTreeMap;

use iddpm::gpu::{AttentionVariant, ConvVariant, DeviceNetwork, Gpu, MatrixSide, Variants, wgpu};

/// Runs to warm up, and runs of which the median counts.
const WARM: usize = 2;
const RUNS: usize = 9;
/// Bytes of a timestamp.
const TICK: u64 = 8;

/// Every choice among variants that the device can run, in both classes.
pub(crate) fn variants(gpu: &Gpu) -> Vec<Variants> {
    let mut all = Variants::all(gpu.device(), gpu.matrices());
    // What only tests run.
    let put_together = MatrixSide::EightAsSixteen;
    all.retain(|variants| variants.conv != ConvVariant::Matrix(MatrixSide::EightAsSixteenWide));
    for variants in &mut all {
        if variants.conv == ConvVariant::Matrix(put_together) {
            variants.conv = ConvVariant::Matrix(MatrixSide::Eight);
        }
        if variants.attention == AttentionVariant::Matrix(put_together) {
            variants.attention = AttentionVariant::Matrix(MatrixSide::Eight);
        }
    }
    all
}

/// Prints for each kernel how many dispatches it has, how long they take together, and their share; `None`
/// where the device has no clock.
///
/// Each dispatch is a pass between two timestamps, so that none overlaps the next: what the sum exceeds the
/// time of the whole by is what passes cost.
pub(crate) fn print(gpu: &Gpu, network: &DeviceNetwork) -> Option<()> {
    let device = gpu.device();
    if !device
        .features()
        .contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS)
    {
        return None;
    }
    let dispatches = &network.recording().dispatches;
    let count = 2 * dispatches.len() as u32;
    let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
        label: Some("kernels"),
        ty: wgpu::QueryType::Timestamp,
        count,
    });
    let buffer = |label, usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: u64::from(count) * TICK,
            usage,
            mapped_at_creation: false,
        })
    };
    let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
    let resolved = buffer("ticks", usage);
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let read = buffer("ticks, read", usage);

    let mut times = vec![Vec::new(); dispatches.len()];
    for run in 0..WARM + RUNS {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (at, query) in (0..dispatches.len()).zip((0..).step_by(2)) {
            encoder.write_timestamp(&queries, query);
            network.encode_part(&mut encoder, at..at + 1);
            encoder.write_timestamp(&queries, query + 1);
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &read, 0, read.size());
        encoder.map_buffer_on_submit(&read, wgpu::MapMode::Read, .., |result| result.unwrap());
        gpu.submit_blocking(encoder).unwrap();
        let bytes = read.get_mapped_range(..).unwrap().to_vec();
        read.unmap();
        if run < WARM {
            continue;
        }
        for (times, ticks) in times.iter_mut().zip(bytes.chunks_exact(2 * TICK as usize)) {
            let (begun, ended) = ticks.split_at(TICK as usize);
            let [begun, ended] =
                [begun, ended].map(|tick| u64::from_le_bytes(tick.try_into().unwrap()));
            times.push(ended.saturating_sub(begun));
        }
    }

    let milliseconds = f64::from(gpu.queue().get_timestamp_period()) * 1e-6;
    let mut kernels = BTreeMap::<&str, (usize, f64)>::new();
    for (dispatch, times) in dispatches.iter().zip(&mut times) {
        times.sort_unstable();
        let kernel = kernels.entry(dispatch.kernel.name).or_default();
        kernel.0 += 1;
        kernel.1 += times[RUNS / 2] as f64 * milliseconds;
    }
    let all = kernels.values().map(|(_, time)| time).sum::<f64>();
    let mut kernels = Vec::from_iter(kernels);
    kernels.sort_by(|(_, (_, a)), (_, (_, b))| b.total_cmp(a));
    for (kernel, (count, time)) in kernels {
        let share = 1e2 * time / all;
        println!("    {kernel:<32} {count:>5} dispatches {time:>10.3} ms {share:>5.1} %");
    }
    println!(
        "    {:<32} {:>5} dispatches {all:>10.3} ms",
        "all",
        dispatches.len()
    );
    Some(())
}
