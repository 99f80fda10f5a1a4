//! The node, and all that is Godot's.

use std::time::Duration;

use godot::classes::image::Format;
use godot::classes::{Engine, FileAccess, INode, Image, ImageTexture, Node};
use godot::prelude::*;
use godot::register::info::{PropertyHint, PropertyInfo};
use iddpm::run::DrawError;
use iddpm::{Draw, Model};

use crate::generator::{Failure, Frame, Generator, Place, Sprite};

/// Draws a sprite by diffusion, a little in each frame.
///
/// `generate()` begins one by the properties as they are then. It goes on in `_process`, for `budget_ms` of each frame, and
/// ends by the signal `finished` or `failed`. The same properties give the same sprite, however many frames it takes.
#[derive(GodotClass)]
#[class(tool, init, base = Node)]
pub(crate) struct SpriteGenerator {
    /// The model: a safetensors file. In an exported game it is only where the export's filter has `*.safetensors`.
    #[export(file = "*.safetensors")]
    #[var(set = set_model)]
    #[init(val = "res://addons/iddpm/sprites32.safetensors".into())]
    model: GString,
    /// What is drawn, by its name or number; the model's first class where it is empty.
    #[export]
    sprite_class: GString,
    /// What all noise follows from, 0 or more: the same seed, the same sprite.
    #[export]
    seed: i64,
    /// How many steps, or which: "15", "ddim25", "10,15,20". As many as the method wants where it is empty.
    #[export]
    steps: GString,
    /// How a step is taken: "dpm", "heun", "ddim", "ddim:0.5", "ancestral". Where it is empty "dpm", and "ddim" of a
    /// distilled network.
    #[export]
    method: GString,
    /// Towards the class: 1 as the network learnt it, 2 or 3 further, 0 without it.
    #[export]
    #[init(val = 1.0)]
    guidance: f64,
    /// Where the sprite goes round, so that copies side by side have no seams: "x", "y", "xy". Nowhere where it is empty.
    #[export]
    wrap: GString,
    /// The colours that are drawn in, as "#000000,#ffffff". All there are where it is empty.
    #[export]
    palette: GString,
    /// Milliseconds that each frame has to spare. At least one operation of the network is done.
    #[export(range = (0.5, 100.0, or_greater))]
    #[init(val = 4.0)]
    budget_ms: f64,
    /// "cpu"; in a library that was built with the feature `gpu` also "best", "gpu", or a part of a GPU's name.
    #[export]
    #[init(val = "cpu".into())]
    device: GString,
    /// How many threads the processor works with. All of its cores where it is 0.
    #[export(range = (0.0, 64.0))]
    threads: u32,
    /// The names that the editor offers for `sprite_class`.
    offered: GString,
    generator: Generator,
    base: Base<Node>,
}

#[godot_api]
impl SpriteGenerator {
    /// Each frame that went on: the share of the work that is done, and the sprite as it will be.
    #[signal]
    fn progressed(fraction: f64, preview: Gd<ImageTexture>);

    /// The sprite is done.
    #[signal]
    fn finished(texture: Gd<ImageTexture>);

    /// There will be no sprite: the sentence names the property, its value and what it could be.
    #[signal]
    fn failed(message: GString);

    /// Begins a sprite by the properties as they are now, in place of one that is under way.
    #[func]
    fn generate(&mut self) {
        match self.begin() {
            Ok(()) => self.base_mut().set_process(true),
            Err(failure) => self.fail(&failure),
        }
    }

    /// Leaves the sprite that is under way: no signal will tell of it.
    #[func]
    fn cancel(&mut self) {
        self.generator.cancel();
        self.base_mut().set_process(false);
    }

    /// Whether a sprite is under way.
    #[func]
    fn is_running(&self) -> bool {
        self.generator.is_running()
    }

    /// The share of the work that is done; 0 where no sprite is under way.
    #[func]
    fn fraction(&self) -> f64 {
        f64::from(self.generator.fraction())
    }

    /// The names of the model's classes; none where it has numbers alone, or where it cannot be read.
    #[func]
    fn class_names(&mut self) -> PackedStringArray {
        let model = self.opened().ok();
        let names = model.iter().flat_map(Model::class_names);
        names.map(GString::from).collect()
    }

    #[func]
    fn set_model(&mut self, path: GString) {
        self.model = path;
        self.offer_classes();
    }

    /// Looks up the names for the editor; in a game nobody asks for them.
    fn offer_classes(&mut self) {
        if Engine::singleton().is_editor_hint() {
            let names = self.class_names().to_vec();
            let names: Vec<String> = names.iter().map(GString::to_string).collect();
            self.offered = GString::from(&names.join(","));
            self.base_mut().notify_property_list_changed();
        }
    }

    fn opened(&mut self) -> Result<Model, Failure> {
        let path = &self.model;
        self.generator.model(&path.to_string(), || {
            let file = FileAccess::get_file_as_bytes(path);
            match file.is_empty() {
                true => Err(format!("{:?}", FileAccess::get_open_error())),
                false => Ok(file.to_vec()),
            }
        })
    }

    /// The drawing that the properties ask for.
    fn draw(&self) -> Result<Draw, DrawError> {
        let mut draw = Draw::new().guidance(self.guidance);
        draw.set("seed", &self.seed.to_string())?;
        let texts = [
            ("class", &self.sprite_class),
            ("steps", &self.steps),
            ("method", &self.method),
            ("wrap", &self.wrap),
            ("palette", &self.palette),
        ];
        for (word, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            draw.set(word, &text.to_string())?;
        }
        Ok(draw)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.generator.cancel();
        let model = self.opened()?;
        let draw = self.draw()?;
        let place = Place {
            model: self.model.to_string(),
            device: self.device.to_string(),
            threads: self.threads,
        };
        self.generator.begin(model, place, draw)
    }

    fn fail(&mut self, failure: &Failure) {
        self.base_mut().set_process(false);
        let message = GString::from(&failure.to_string());
        self.signals().failed().emit(&message);
    }
}

#[godot_api]
impl INode for SpriteGenerator {
    fn ready(&mut self) {
        // Godot asks for it of every node that has a `_process`.
        let is_running = self.generator.is_running();
        self.base_mut().set_process(is_running);
        self.offer_classes();
    }

    fn on_validate_property(&self, property: &mut PropertyInfo) {
        if property.property_name == "sprite_class" {
            property.hint_info.hint = PropertyHint::ENUM_SUGGESTION;
            property.hint_info.hint_string = self.offered.clone();
        }
    }

    fn process(&mut self, _delta: f64) {
        let budget = Duration::try_from_secs_f64(self.budget_ms / 1000.0).unwrap_or_default();
        match self.generator.frame(budget) {
            Ok(Frame::Nothing) => (),
            Ok(Frame::Preview(sprite)) => {
                let (fraction, preview) = (self.fraction(), texture(&sprite));
                self.signals().progressed().emit(fraction, &preview);
            }
            Ok(Frame::Finished(sprite)) => {
                self.base_mut().set_process(false);
                self.signals().finished().emit(&texture(&sprite));
            }
            Err(failure) => self.fail(&failure),
        }
    }
}

/// The sprite as Godot shows it: its formats of 8 bits have the channels that a network may have.
fn texture(sprite: &Sprite) -> Gd<ImageTexture> {
    let format = match sprite.channels {
        1 => Format::L8,
        2 => Format::LA8,
        3 => Format::RGB8,
        _ => Format::RGBA8,
    };
    let bytes = PackedByteArray::from(sprite.bytes.as_slice());
    let mut image = Image::new_gd();
    image.set_data(
        sprite.width as i32,
        sprite.height as i32,
        false,
        format,
        &bytes,
    );
    let mut texture = ImageTexture::new_gd();
    texture.set_image(&image);
    texture
}
