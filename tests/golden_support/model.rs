//! The analytic network of the cases: out[n,c] = a·x[n,c] + b·sin(w·t + c), and for a learned
//! variance out[n,C+c] = v0 + v1·cos(w·t + 0.7c).

use serde_json::Value;

use super::case::{Layout, Outcome, number};
use super::track::{Arithmetic, Track};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    pub(crate) a: f64,
    b: f64,
    w: f64,
    /// v0 and v1, where the variance is learned.
    variance: Option<(f64, f64)>,
}

impl Model {
    pub(crate) fn of(params: &Value, learned: bool) -> Outcome<Self> {
        let model = &params["model"];
        if let Some(says) = model.get("learned")
            && *says != learned
        {
            return Err("the model and the process disagree on the variance".into());
        }
        let variance = match learned {
            true => Some((number(model, "v0")?, number(model, "v1")?)),
            false => None,
        };
        Ok(Self {
            a: number(model, "a")?,
            b: number(model, "b")?,
            w: number(model, "w")?,
            variance,
        })
    }

    /// The prediction for an element of channel `c`, with the error of evaluating it so.
    pub(crate) fn prediction(
        &self,
        arithmetic: Arithmetic,
        x: Track,
        timestep: Track,
        c: usize,
    ) -> Track {
        let phase = arithmetic.coefficient(self.w) * timestep + c as f64;
        arithmetic.coefficient(self.a) * x + arithmetic.coefficient(self.b) * phase.sin()
    }

    /// The variance channel; 0 where there is none.
    pub(crate) fn channel(&self, arithmetic: Arithmetic, timestep: Track, c: usize) -> Track {
        let Some((v0, v1)) = self.variance else {
            return arithmetic.exact(0.0);
        };
        let shift = arithmetic.coefficient(0.7) * arithmetic.exact(c as f64);
        let phase = arithmetic.coefficient(self.w) * timestep + shift;
        arithmetic.coefficient(v0) + arithmetic.coefficient(v1) * phase.cos()
    }

    /// The whole output for one image, each value rounded once to f32.
    pub(crate) fn output(&self, layout: Layout, x: &[f32], timestep: f32) -> Vec<f32> {
        let arithmetic = Arithmetic::f64(0.0);
        let exact = |value: f32| arithmetic.exact(f64::from(value));
        let timestep = exact(timestep);
        let channels = if self.variance.is_some() {
            layout.elements
        } else {
            0
        };
        let prediction = x.iter().enumerate().map(|(i, &x)| {
            self.prediction(arithmetic, exact(x), timestep, layout.channel(i))
                .value
        });
        let variance =
            (0..channels).map(|i| self.channel(arithmetic, timestep, layout.channel(i)).value);
        prediction
            .chain(variance)
            .map(|value| value as f32)
            .collect()
    }
}
