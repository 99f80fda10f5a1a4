//! The GPU that is used, of all there are.

use iddpm::gpu::{self, Gpu, Precision, wgpu};

use super::device_options::{Backend, DeviceOptions};

/// A device on the adapter that was asked for, or on a GPU that is none in software, and what it is called and
/// why it was chosen; otherwise why there is none.
pub(crate) fn open(options: &DeviceOptions) -> Result<(Gpu, String), String> {
    let (adapter, why) = choose(options, pollster::block_on(gpu::adapters()))?;
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
    let wanted = options.adapter.as_deref().unwrap_or("").to_lowercase();
    let named = |adapter: &wgpu::Adapter| adapter.get_info().name.to_lowercase().contains(&wanted);
    let all: Vec<_> = adapters.iter().map(wgpu::Adapter::get_info).collect();
    let Some(adapter) = adapters.into_iter().find(named) else {
        return Err(none_like(options.adapter.as_deref(), &all));
    };
    if options.backend == Backend::Gpu || options.adapter.is_some() {
        return Ok((adapter, "asked for".into()));
    }
    let software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    match all.as_slice() {
        [only] if software => Err(format!(
            "the only adapter, {}, is software, which is slower",
            only.name
        )),
        all if software => Err(format!(
            "every adapter, {}, is software, which is slower",
            list(all)
        )),
        [_] => Ok((adapter, "the only adapter".into())),
        all => Ok((adapter, format!("the first by kind of {}", list(all)))),
    }
}

/// Why there is no adapter, of all these, of a name that was asked for or of any.
fn none_like(wanted: Option<&str>, all: &[wgpu::AdapterInfo]) -> String {
    match (wanted, all) {
        (None, _) => "no adapter was found".into(),
        (Some(wanted), []) => format!("no adapter is named like {wanted}: there is none at all"),
        (Some(wanted), all) => format!("no adapter is named like {wanted}, only {}", list(all)),
    }
}

/// Adapters by name, and by interface: the same one may have several.
fn list(all: &[wgpu::AdapterInfo]) -> String {
    let one = |info: &wgpu::AdapterInfo| format!("{} ({:?})", info.name, info.backend);
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}
