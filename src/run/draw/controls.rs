//! What steers a drawing beside its steps: guidance, a part of a picture, a palette.

use std::format;
use std::vec;

use super::Draw;
use crate::diffusion::{
    Controls, Guidance, KnownBuf, MOST_GUIDANCE, Method, PaletteBuf, Prediction, Sample,
};
use crate::run::between::Between;
use crate::run::error::DrawError;
use crate::run::model::Model;
use crate::text::Number;

impl Draw {
    /// What steers this drawing of so many images beside its steps.
    pub(in crate::run) fn controls(
        &self,
        model: &Model,
        samples: &[Sample],
        evaluations: u32,
        known: Option<KnownBuf>,
    ) -> Result<Controls, DrawError> {
        Ok(Controls {
            guidance: self.guided(model, samples)?,
            known,
            palette: self.snapped(model, evaluations)?,
        })
    }

    fn guided(&self, model: &Model, samples: &[Sample]) -> Result<Option<Guidance>, DrawError> {
        let Self { guidance, .. } = self;
        if !(0.0..=f64::from(MOST_GUIDANCE)).contains(guidance) {
            let why = format!("must be within 0 to {MOST_GUIDANCE}");
            return Err(DrawError::value("guidance", Number(*guidance), why));
        }
        let images = samples.len();
        if let Some(between) = self.between
            && let Some(last) = self.last_of_row(model, between)?
        {
            let scale = |sample| Ok((1.0 - between.share(sample)?) as f32);
            let scales: Result<_, DrawError> = samples.iter().map(scale).collect();
            return Ok(Some(Guidance {
                scales: scales?,
                others: vec![last; images],
            }));
        }
        match (*guidance, model.description().unet.null_label()) {
            (1.0, _) => Ok(None),
            (scale, Some(null_label)) => Ok(Some(Guidance {
                scales: vec![scale as f32; images],
                others: vec![null_label; images],
            })),
            (scale, None) => {
                let why = "this network was trained with every label; one trained with --drop-labels can be guided";
                Err(DrawError::value("guidance", Number(scale), why))
            }
        }
    }

    /// The class with which a row ends, where it begins with another.
    fn last_of_row(&self, model: &Model, row: Between) -> Result<Option<u32>, DrawError> {
        let labels = self.labels(model)?;
        let why = match (labels.as_slice(), self.guidance) {
            ([_], _) => return Ok(None),
            ([], _) if model.classes() == 0 => return Ok(None),
            ([_, last], 1.0) => return Ok(Some(*last)),
            ([_, _], _) => "a row from a class to another is not guided as well",
            _ => "a row is of one class, or from one to another: name them",
        };
        Err(DrawError::value("between", row, why))
    }

    pub(in crate::run) fn snapped(
        &self,
        model: &Model,
        evaluations: u32,
    ) -> Result<Option<PaletteBuf>, DrawError> {
        let Some(palette) = &self.palette else {
            return Ok(None);
        };
        let diffusion = &model.description().card.diffusion;
        let method = self.method_of(model.description())?;
        if method == Method::DdimReverse {
            let why = "ddim_reverse walks to noise, which is of no colours";
            return Err(DrawError::value("palette", palette, why));
        }
        let is_ancestral = method == Method::Ancestral;
        if is_ancestral && diffusion.prediction == Prediction::PreviousX {
            let why = "ancestral steps of a network that predicts x_{t-1} take no x_0, which has the colours; ddim does";
            return Err(DrawError::value("palette", palette, why));
        }
        let channels = model.image().channels;
        Ok(Some(PaletteBuf {
            colours: palette.planes(channels)?,
            channels,
            // In the second half of the steps, so that those that are left know of it and grounds come out even.
            from: evaluations / 2,
        }))
    }
}
