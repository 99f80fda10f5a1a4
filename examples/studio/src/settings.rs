//! What the window's controls say, and the drawing that it makes.

use iddpm::run::DrawError;
use iddpm::{Draw, Model};

use super::options::Options;

/// The options of a drawing, in the words of the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// By its name, or its number where it has none; `None` of a network without classes.
    pub(crate) class: Option<String>,
    /// As it is written: every number of 64 bits can be.
    pub(crate) seed: String,
    /// As many as the method wants where nothing is written.
    pub(crate) steps: String,
    pub(crate) method: String,
    /// Whether the network was distilled: then it takes the steps and the method that it was distilled to alone.
    distilled: bool,
    /// Of `ddim` alone.
    pub(crate) eta: f64,
    pub(crate) clip: String,
    pub(crate) wrap: String,
    pub(crate) guidance: f64,
    /// How far a drawing goes from its picture, where it is said.
    pub(crate) strength: Option<f64>,
    /// How often steps are taken again within a mask.
    pub(crate) resample: String,
    /// `#1a1c2c,#5d275d`; any colours where nothing is written.
    pub(crate) palette: String,
}

impl Settings {
    /// What is drawn first.
    pub(crate) fn new(options: &Options, model: &Model) -> Self {
        Self {
            class: options
                .class
                .clone()
                .or_else(|| classes(model).into_iter().next()),
            seed: options.seed.number.to_string(),
            steps: String::new(),
            method: usual_method(model).into(),
            distilled: is_distilled(model),
            eta: 0.0,
            clip: "unit".into(),
            wrap: "none".into(),
            guidance: 1.0,
            strength: None,
            resample: String::new(),
            palette: String::new(),
        }
    }

    /// How far a drawing goes from its picture: where nothing is said as far as `sample` goes, anew within a mask.
    pub(crate) fn strength(&self, on: Ground) -> f64 {
        let usual = match on {
            Ground::Picture => 0.6,
            Ground::Noise | Ground::Masked => 1.0,
        };
        self.strength.unwrap_or(usual)
    }

    /// Keeps what another model can have as well.
    pub(crate) fn suited_to(&mut self, model: &Model) {
        let classes = classes(model);
        if self
            .class
            .as_ref()
            .is_none_or(|class| !classes.contains(class))
        {
            self.class = classes.into_iter().next();
        }
        if !can_be_guided(model) {
            self.guidance = 1.0;
        }
        // What one network was distilled to is no other's.
        if is_distilled(model) || self.distilled {
            self.method = usual_method(model).into();
            self.eta = 0.0;
            self.steps = String::new();
        }
        self.distilled = is_distilled(model);
    }

    /// The drawing, on a picture or on none, of which a part may be kept.
    pub(crate) fn draw(&self, on: Ground) -> Result<Draw, DrawError> {
        let mut draw = Draw::new()
            .seed(self.number()?)
            .clip(&self.clip)
            .wrap(&self.wrap)
            .guidance(self.guidance);
        draw = match self.method.as_str() {
            "ddim" if self.eta != 0.0 => draw.method(format!("ddim:{}", self.eta)),
            method => draw.method(method),
        };
        if let Some(class) = &self.class {
            draw = draw.class(class);
        }
        if !self.steps.trim().is_empty() {
            draw = draw.steps(self.steps.trim());
        }
        if !self.palette.trim().is_empty() {
            draw = draw.palette(self.palette.trim().parse()?);
        }
        if on != Ground::Noise {
            draw = draw.strength(self.strength(on));
        }
        if on == Ground::Masked && !self.resample.trim().is_empty() {
            draw = draw.resample(self.resample.trim());
        }
        Ok(draw)
    }

    /// The seed, or what is wrong with it.
    fn number(&self) -> Result<u64, DrawError> {
        let mut draw = Draw::new();
        draw.set("seed", self.seed.trim())?;
        Ok(draw.noise_seed())
    }

    /// Goes to the next seed; to the first behind the last.
    pub(crate) fn next_seed(&mut self) -> Result<(), DrawError> {
        self.seed = self.number()?.wrapping_add(1).to_string();
        Ok(())
    }

    /// A name for its files.
    pub(crate) fn file_name(&self) -> String {
        let class = self.class.as_deref().unwrap_or("image");
        let plain = |letter: char| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '_'
            }
        };
        let class: String = class.chars().map(plain).collect();
        format!("{class}-{}.png", self.seed.trim())
    }
}

/// What a drawing begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Noise,
    Picture,
    /// A picture, of which what is outside a mask is kept.
    Masked,
}

/// The classes of a model as a drawing names them.
pub(crate) fn classes(model: &Model) -> Vec<String> {
    match model.class_names() {
        [] => (0..model.classes())
            .map(|class| class.to_string())
            .collect(),
        names => names.to_vec(),
    }
}

fn is_distilled(model: &Model) -> bool {
    model.description().grid.is_some()
}

/// The method that a model draws by where none is said.
fn usual_method(model: &Model) -> &'static str {
    if is_distilled(model) { "ddim" } else { "dpm" }
}

/// Whether a model was trained for guidance, with some labels dropped.
pub(crate) fn can_be_guided(model: &Model) -> bool {
    model.description().unet.null_class
}
