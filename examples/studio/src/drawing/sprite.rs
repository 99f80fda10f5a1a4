//! A texture of the window's device, shown as a run paints it: with straight alpha, where egui's own have theirs
//! multiplied in.

use std::sync::Arc;

use eframe::egui::{PaintCallbackInfo, Painter, Rect};
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait};
use iddpm::gpu::wgpu;

use crate::host::Host;
use crate::texture::texture;

/// A texture that a run paints into, and how it is drawn.
pub(crate) struct Sprite {
    texture: wgpu::Texture,
    pipeline: wgpu::RenderPipeline,
    bound: wgpu::BindGroup,
}

impl Sprite {
    pub(super) fn new(host: &Host, width: usize, height: usize) -> Self {
        let Host { device, target, .. } = host;
        // Its bytes are those that are shown, whether the window encodes what is drawn or not.
        let format = match target.is_srgb() {
            true => wgpu::TextureFormat::Rgba8UnormSrgb,
            false => wgpu::TextureFormat::Rgba8Unorm,
        };
        let texture = texture(device, (width, height), format);
        let pipeline = pipeline(device, *target);
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let bound = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("sprite"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::TextureView(&view),
            }],
        });
        Self {
            texture,
            pipeline,
            bound,
        }
    }

    pub(super) const fn texture(&self) -> &wgpu::Texture {
        &self.texture
    }
}

fn pipeline(device: &wgpu::Device, target: wgpu::TextureFormat) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::include_wgsl!("sprite.wgsl"));
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("sprite"),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: None,
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState {
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            ..Default::default()
        },
        depth_stencil: None,
        multisample: Default::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: None,
            compilation_options: Default::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format: target,
                blend: Some(wgpu::BlendState::ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// A sprite within egui's own pass.
struct Shown(Arc<Sprite>);

impl CallbackTrait for Shown {
    fn paint(
        &self,
        _: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        _: &CallbackResources,
    ) {
        let Self(sprite) = self;
        pass.set_pipeline(&sprite.pipeline);
        pass.set_bind_group(0, &sprite.bound, &[]);
        pass.draw(0..4, 0..1);
    }
}

/// Shows a sprite in a rectangle of the window.
pub(crate) fn show(sprite: &Arc<Sprite>, painter: &Painter, rect: Rect) {
    let shown = Shown(Arc::clone(sprite));
    painter.add(Callback::new_paint_callback(rect, shown));
}
