//! The adapters of a machine: which there are, and which is taken.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::error::GpuError;

/// Lists the adapters of this machine: a GPU with memory of its own first, then one that shares the
/// processor's, the rest, software last. `WGPU_BACKEND` is heeded. Those of GL are listed where no other
/// interface has any.
///
/// In a browser there is one at most.
pub async fn adapters() -> Vec<wgpu::Adapter> {
    for instance in instances() {
        let mut adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        if !adapters.is_empty() {
            adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
            return adapters;
        }
    }
    Vec::new()
}

const fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

/// The adapter named by the environment, or the one that wgpu prefers.
pub(crate) async fn choose() -> Result<wgpu::Adapter, GpuError> {
    if let Ok(wanted) = std::env::var("WGPU_ADAPTER_NAME") {
        return named(&wanted, adapters().await);
    }
    first_preferred(instances()).await
}

/// The first adapter whose name contains this, in whatever case.
fn named(wanted: &str, adapters: Vec<wgpu::Adapter>) -> Result<wgpu::Adapter, GpuError> {
    let wanted = wanted.to_lowercase();
    let mut adapters = adapters.into_iter();
    let found = adapters.find(|adapter| adapter.get_info().name.to_lowercase().contains(&wanted));
    found.ok_or_else(|| GpuError::NoAdapter {
        message: format!("none is named like {wanted}"),
    })
}

/// What wgpu prefers of the first instance that has any: a browser is told so what is wanted of it.
async fn first_preferred(
    instances: impl Iterator<Item = wgpu::Instance>,
) -> Result<wgpu::Adapter, GpuError> {
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let mut message = String::from("no interface is enabled");
    for instance in instances {
        match instance.request_adapter(&options).await {
            Ok(adapter) => return Ok(adapter),
            Err(error) => message = error.to_string(),
        }
    }
    Err(GpuError::NoAdapter { message })
}

/// The instances that are asked for adapters, one after the other, of the interfaces that the environment
/// allows. GL comes last and alone: where NVIDIA's (580.159) is loaded too, a program stops for ever whose threads
/// end while others work on Vulkan.
fn instances() -> impl Iterator<Item = wgpu::Instance> {
    let allowed = wgpu::InstanceDescriptor::new_without_display_handle_from_env().backends;
    let gl = wgpu::Backends::GL;
    let asked = [allowed - gl, allowed & gl].into_iter();
    asked.filter(|backends| !backends.is_empty()).map(instance)
}

fn instance(backends: wgpu::Backends) -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle_from_env()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::{assert, assert_eq, panic};

    use super::{GpuError, adapters, first_preferred, instance, instances, named, rank};

    #[test]
    fn no_adapter_among_none() {
        for instances in [None, Some(instance(wgpu::Backends::empty()))] {
            let chosen = pollster::block_on(first_preferred(instances.into_iter()));
            let Err(GpuError::NoAdapter { message }) = chosen else {
                panic!("{chosen:?}");
            };
            assert!(!message.is_empty());
        }
    }

    /// The same one by its name, by the list and by wgpu.
    #[test]
    fn the_first_is_what_wgpu_prefers() {
        let listed = pollster::block_on(adapters());
        let kinds = || listed.iter().map(|adapter| adapter.get_info().device_type);
        assert!(kinds().is_sorted_by_key(rank));
        let first = listed.first().unwrap().get_info();
        let preferred = pollster::block_on(first_preferred(instances())).unwrap();
        assert_eq!(preferred.get_info().name, first.name);
        let name = first.name.to_uppercase();
        assert_eq!(named(&name, listed).unwrap().get_info(), first);
        assert!(named("no such adapter", pollster::block_on(adapters())).is_err());
    }

    /// A machine that has another interface never hears of GL.
    #[test]
    fn gl_is_asked_where_nothing_else_answers() {
        let listed = pollster::block_on(adapters());
        let of_gl = |adapter: &&wgpu::Adapter| adapter.get_info().backend == wgpu::Backend::Gl;
        assert!([0, listed.len()].contains(&listed.iter().filter(of_gl).count()));
    }
}
