//! The window's own device, which a model shares.

use std::sync::Arc;

use eframe::egui_wgpu::{RenderState, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use eframe::{NativeOptions, Renderer, egui};
use iddpm::gpu::wgpu;

/// What kernels gain by, where an adapter has it: 16-bit numbers, sums through subgroups, and a clock, by which a
/// run learns how much of it fits into a frame.
const WANTED: wgpu::Features = wgpu::Features::SHADER_F16
    .union(wgpu::Features::SUBGROUP)
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// The window's device, its queue, and what it draws into.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) target: wgpu::TextureFormat,
}

impl Host {
    pub(crate) fn of(window: &RenderState) -> Self {
        Self {
            device: window.device.clone(),
            queue: window.queue.clone(),
            target: window.target_format,
        }
    }

    /// Whether the device is a program on the processor, which is slower than the crate's own.
    pub(crate) fn is_software(&self) -> bool {
        self.device.adapter_info().device_type == wgpu::DeviceType::Cpu
    }
}

/// A window on the adapter whose name has this part, or else on the one that wgpu prefers.
pub(crate) fn window(adapter: Option<String>) -> NativeOptions {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = Arc::new(|adapter| wgpu::DeviceDescriptor {
        label: Some("studio"),
        required_limits: adapter.limits(),
        required_features: adapter.features() & WANTED,
        ..wgpu::DeviceDescriptor::default()
    });
    if let Some(part) = adapter {
        setup.native_adapter_selector = Some(Arc::new(move |adapters, surface| {
            named(&part, adapters, surface)
        }));
    }
    NativeOptions {
        viewport: egui::ViewportBuilder::default().with_inner_size([1060.0, 740.0]),
        renderer: Renderer::Wgpu,
        wgpu_options: WgpuConfiguration {
            wgpu_setup: WgpuSetup::CreateNew(setup),
            ..WgpuConfiguration::default()
        },
        ..NativeOptions::default()
    }
}

/// The first adapter of that name that can draw into the window.
fn named(
    part: &str,
    adapters: &[wgpu::Adapter],
    surface: Option<&wgpu::Surface<'_>>,
) -> Result<wgpu::Adapter, String> {
    let lower = part.to_lowercase();
    let fits = |adapter: &&wgpu::Adapter| {
        let name = adapter.get_info().name.to_lowercase();
        name.contains(&lower) && surface.is_none_or(|it| adapter.is_surface_supported(it))
    };
    adapters.iter().find(fits).cloned().ok_or_else(|| {
        let names: Vec<String> = adapters.iter().map(|it| it.get_info().name).collect();
        let names = names.join(", ");
        format!("--adapter {part}: no adapter of a window is named so, only {names}")
    })
}
