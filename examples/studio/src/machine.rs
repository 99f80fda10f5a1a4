//! A model on the device that draws with it.

use std::time::Instant;

use iddpm::{Device, Error, Model, Studio};

use super::device_options::{Backend, DeviceOptions};
use super::drawing::Drawing;
use super::host::Host;
use super::order::Order;

/// A model on a device: the window's, or another.
pub(crate) struct Machine {
    pub(crate) studio: Studio,
    /// The window, where its device is the model's too.
    host: Option<Host>,
}

impl Machine {
    /// Puts a model on the window's device where that is a GPU, or where a GPU is asked for, even in software; else on
    /// whatever the crate says is best, which says why.
    pub(crate) fn new(
        model: &Model,
        options: &DeviceOptions,
        host: Option<&Host>,
    ) -> Result<Self, Error> {
        let is_shared = |host: &&Host| match options.backend {
            Backend::Auto => options.adapter.is_some() || !host.is_software(),
            Backend::Gpu => true,
            Backend::Cpu => false,
        };
        let host = host.filter(is_shared);
        let device = match host {
            Some(host) => options.threaded(Device::host(&host.device, &host.queue)),
            None => options.device(),
        };
        Ok(Self {
            studio: model.on(device)?,
            host: host.cloned(),
        })
    }

    pub(crate) const fn model(&self) -> &Model {
        self.studio.model()
    }

    /// The device and why it is that one, in the crate's words.
    pub(crate) fn device(&self) -> String {
        format!("{}{}", self.studio.device(), self.studio.precision())
    }

    /// Begins what was ordered.
    pub(crate) fn begin(&mut self, order: Order) -> Result<Drawing, Error> {
        let begun = Instant::now();
        let run = order.begin(&mut self.studio)?;
        let image = self.model().image();
        let size = (image.width, image.height);
        Ok(Drawing::new(order, run, size, self.host.as_ref(), begun))
    }
}
