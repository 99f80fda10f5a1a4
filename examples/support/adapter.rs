//! The GPU that is used, of all there are.

use iddpm::gpu::{Gpu, Precision, wgpu};

use super::device_options::{BackendName, DeviceOptions};

/// A device on the adapter that was asked for, or on a GPU that is none in software, and what it is called and
/// why it was chosen; otherwise why there is none.
pub(crate) fn open(options: &DeviceOptions) -> Result<(Gpu, String), String> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let (adapter, why) = choose(options, adapters)?;
    let info = adapter.get_info();
    let gpu = pollster::block_on(Gpu::create_on(&adapter))
        .map_err(|error| format!("{}: {error}", info.name))?;
    let name = format!(
        "{} ({:?}, {:?}; {why})",
        info.name, info.device_type, info.backend
    );
    Ok((gpu, name))
}

/// What f16 can be run in on a device, and what is to be said of it.
pub(crate) fn half(gpu: &Gpu) -> (Precision, &'static str) {
    if gpu.device().features().contains(wgpu::Features::SHADER_F16) {
        (Precision::Half, ", in f16")
    } else {
        let note = ", which has no f16 but for weights";
        (Precision::HalfWeights, note)
    }
}

/// The adapter, and why it is that one.
fn choose(
    options: &DeviceOptions,
    adapters: Vec<wgpu::Adapter>,
) -> Result<(wgpu::Adapter, String), String> {
    // A GPU of its own before one that shares memory, before the rest; software last.
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let wanted = options.adapter.as_deref().unwrap_or("").to_lowercase();
    let named = |adapter: &wgpu::Adapter| adapter.get_info().name.to_lowercase().contains(&wanted);
    let names: Vec<_> = adapters
        .iter()
        .map(|adapter| adapter.get_info().name)
        .collect();
    let Some(adapter) = adapters.into_iter().filter(named).min_by_key(rank) else {
        return Err(match names.as_slice() {
            [] => "no adapter was found".into(),
            names => format!(
                "no adapter is named like {wanted}, only {}",
                names.join(", ")
            ),
        });
    };
    let asked_for = options.backend == BackendName::Gpu || options.adapter.is_some();
    if rank(&adapter) == 4 && !asked_for {
        let name = adapter.get_info().name;
        return Err(format!(
            "the only adapter, {name}, is software, which is slower"
        ));
    }
    let why = if asked_for {
        "asked for".into()
    } else {
        format!("the first by kind of {} adapters", names.len())
    };
    Ok((adapter, why))
}
