//! Without the feature `gpu` there is none.

use core::time::Duration;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::device::{Chosen, Wanted};
use super::draw::Course;
use super::error::DrawError;
use super::gpu_type::{Gpu, GpuOptions};
use super::model::Model;
use crate::Error;
use crate::diffusion::{Controls, Paused, Sample};
use crate::text::OneLine;

pub(super) const fn list() -> Vec<String> {
    Vec::new()
}

pub(super) async fn open(wanted: &Wanted) -> Result<(Gpu, Chosen), DrawError> {
    let like = match wanted {
        Wanted::Named(part) => format!("no adapter is named like {}: ", OneLine(part)),
        Wanted::Best | Wanted::Cpu | Wanted::Gpu => String::new(),
        Wanted::Open(gpu) => match **gpu {},
    };
    let why = format!("{like}built without the feature gpu");
    Err(DrawError::NoGpu { why })
}

pub(super) async fn prepared(
    gpu: Gpu,
    _: Chosen,
    _: &GpuOptions,
) -> Result<(Gpu, Chosen), DrawError> {
    match gpu {}
}

#[derive(Debug)]
pub(super) enum GpuStudio {}

impl GpuStudio {
    pub(super) async fn new(gpu: Gpu, _: &Model) -> Result<(Self, &'static str), Error> {
        match gpu {}
    }

    pub(super) async fn begin(
        &self,
        _: &Model,
        _: &Course,
        _: &[Sample],
        _: &Controls,
    ) -> Result<GpuRun, Error> {
        match *self {}
    }
}

#[derive(Debug)]
pub(super) enum GpuRun {}

impl GpuRun {
    pub(super) const fn set_low_res(&self, _: &[f32]) -> Result<(), Error> {
        match *self {}
    }

    pub(super) async fn advance(&mut self) -> Result<bool, Error> {
        match *self {}
    }

    pub(super) async fn advance_until(
        &mut self,
        _: u32,
        _: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), Error> {
        match *self {}
    }

    pub(super) const fn advance_for(&mut self, _: Duration) -> Result<(), Error> {
        match *self {}
    }

    pub(super) const fn part(&self) -> f32 {
        match *self {}
    }

    pub(super) const fn made_with(&self) -> Option<&str> {
        match *self {}
    }

    pub(super) const fn position(&self) -> u32 {
        match *self {}
    }

    pub(super) async fn x(&self) -> Result<Vec<f32>, Error> {
        match *self {}
    }

    pub(super) async fn x_start(&self) -> Result<Vec<f32>, Error> {
        match *self {}
    }

    pub(super) async fn save(&mut self) -> Result<Paused, Error> {
        match *self {}
    }

    pub(super) const fn resume(&mut self, _: &Paused) -> Result<(), Error> {
        match *self {}
    }
}
