//! The state of the window, and what changes it.

use std::path::{Path, PathBuf};

use eframe::egui;
use iddpm::{Error, Model};

use super::drawing::{Drawing, Drawn};
use super::history::{Entry, History};
use super::host::Host;
use super::machine::Machine;
use super::options::Options;
use super::order::Order;
use super::painting::{Brush, Painting};
use super::picture::{Board, Painted, Picture};
use super::program::{Failure, say};
use super::saving::{self, Film};
use super::settings::{Ground, Settings};
use super::times::Times;
use super::views;

/// All that the window shows, and all that its controls change.
pub(crate) struct App {
    options: Options,
    host: Option<Host>,
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    /// Of each frame, for a drawing.
    pub(crate) milliseconds: f64,
    pub(crate) painting: Painting,
    pub(crate) painted: Painted,
    pub(crate) board: Board,
    pub(crate) brush: Brush,
    /// Whether drawings begin on the painting, which is then shown beside them.
    pub(crate) is_on_painting: bool,
    /// Where the drawing that is shown is saved.
    pub(crate) path: String,
    pub(crate) drawing: Option<Drawing>,
    film: Option<Film>,
    pub(crate) picture: Option<Picture>,
    pub(crate) history: History,
    pub(crate) said: Said,
    /// Whether the last frame left the keys to a field: it is left by one, which is then no button's.
    pub(crate) is_writing: bool,
    /// What was set before the model was opened, and it cannot have.
    pub(crate) left_out: Option<String>,
}

/// What was said last.
pub(crate) enum Said {
    Done(String),
    Failed(String),
}

/// What a control asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Draws what is set, in place of what is on its way.
    Draw,
    /// Draws with the next seed.
    Next,
    /// Gives up the drawing that is on its way, for the one before.
    Stop,
    /// Looks at a drawing that is done, with its settings.
    Choose(usize),
    /// Paints on the drawing that is looked at.
    Paint,
    /// Saves the drawing that is looked at.
    Save,
    /// Opens another model.
    Open(PathBuf),
}

impl App {
    /// A window whose first drawing is on its way.
    pub(crate) fn new(
        options: Options,
        host: Option<Host>,
        model: &Model,
    ) -> Result<Self, Failure> {
        let machine = Machine::new(model, &options.device, host.as_ref())?;
        say(format_args!("running on {}", machine.device()))?;
        let settings = Settings::new(&options, model);
        let mut app = Self {
            path: String::new(),
            settings,
            milliseconds: options.milliseconds,
            painting: Painting::new(model),
            painted: Painted::default(),
            board: Board::default(),
            brush: Brush::default(),
            is_on_painting: false,
            drawing: None,
            film: None,
            picture: None,
            history: History::default(),
            said: Said::Done(String::new()),
            is_writing: false,
            left_out: None,
            options,
            host,
            machine,
        };
        app.act(Action::Draw);
        Ok(app)
    }

    pub(crate) const fn model(&self) -> &Model {
        self.machine.model()
    }

    /// Whether each frame has something to do.
    pub(crate) const fn is_busy(&self) -> bool {
        self.drawing.is_some() || self.film.is_some()
    }

    /// The drawing that is looked at, which can be saved and painted on; `None` while another is on its way.
    pub(crate) fn shown(&self) -> Option<&Entry> {
        match self.drawing {
            Some(_) => None,
            None => self.history.chosen(),
        }
    }

    /// The times of the drawing that is on its way, or of that which is looked at.
    pub(crate) fn times(&self) -> Option<&Times> {
        let chosen = || Some(&self.history.chosen()?.drawn.times);
        self.drawing.as_ref().map(|it| &it.times).or_else(chosen)
    }

    /// What a drawing begins with.
    pub(crate) fn ground(&self) -> Ground {
        match self.is_on_painting {
            true => self.painting.ground(),
            false => Ground::Noise,
        }
    }

    /// A frame: what was dropped on the window, what is on its way, what is seen, what was asked for.
    pub(crate) fn frame(&mut self, ui: &mut egui::Ui) {
        let dropped = ui.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            self.act(Action::Open(file.path().into()));
        }
        self.advance(ui.ctx());
        self.board.load(ui.ctx());
        let asked = views::show(ui, self);
        asked.into_iter().for_each(|action| self.act(action));
        if self.is_busy() {
            ui.ctx().request_repaint();
        }
    }

    /// Lets what is on its way have its part of the frame, a drawing before an animation; what fails is no longer on its
    /// way.
    fn advance(&mut self, context: &egui::Context) {
        let advanced = match (self.drawing.take(), self.film.take()) {
            (Some(drawing), film) => {
                self.film = film;
                self.advance_drawing(context, drawing)
                    .inspect_err(|_| self.look_at_chosen())
            }
            (None, Some(film)) => self.advance_film(film),
            (None, None) => Ok(()),
        };
        if let Err(error) = advanced {
            self.fail(&error);
        }
    }

    fn advance_drawing(
        &mut self,
        context: &egui::Context,
        mut drawing: Drawing,
    ) -> Result<(), Error> {
        let was_left = drawing.advance(self.milliseconds)?;
        self.picture = Some(drawing.picture(context)?);
        match was_left {
            true => self.drawing = Some(drawing),
            false => self.keep(context, drawing.finish()?)?,
        }
        Ok(())
    }

    fn advance_film(&mut self, mut film: Film) -> Result<(), Error> {
        match film.advance(self.milliseconds)? {
            true => self.film = Some(film),
            false => self.said = Said::Done(saved(&film.finish()?)),
        }
        Ok(())
    }

    fn keep(&mut self, context: &egui::Context, drawn: Drawn) -> Result<(), Error> {
        let (line, path) = (drawn.to_string(), drawn.order.settings.file_name());
        self.history.add(context, drawn)?;
        self.path = path;
        match say(&line) {
            Ok(()) => self.said = Said::Done(line),
            Err(error) => self.said = Said::Failed(error.to_string()),
        }
        Ok(())
    }

    /// Does what was asked for, or says why not; all else stays as it was.
    pub(crate) fn act(&mut self, action: Action) {
        let done = match action {
            Action::Draw => self.draw(),
            Action::Next => self.next(),
            Action::Stop => {
                self.stop();
                Ok(())
            }
            Action::Choose(entry) => {
                self.history.choose(entry);
                self.look_at_chosen();
                Ok(())
            }
            Action::Paint => self.paint(),
            Action::Save => self.save(),
            Action::Open(path) => self.open(&path),
        };
        if let Err(error) = done {
            self.fail(&*error);
        }
    }

    fn fail(&mut self, error: &dyn std::error::Error) {
        self.said = Said::Failed(error.to_string());
    }

    fn draw(&mut self) -> Result<(), Failure> {
        self.begin(self.settings.clone())
    }

    fn next(&mut self) -> Result<(), Failure> {
        let mut settings = self.settings.clone();
        settings.next_seed()?;
        self.begin(settings)
    }

    fn begin(&mut self, settings: Settings) -> Result<(), Failure> {
        let canvas = match self.ground() {
            Ground::Noise => None,
            Ground::Picture | Ground::Masked => Some(self.painting.canvas(self.model())?),
        };
        let order = Order::new(&settings, self.ground(), canvas)?;
        self.drawing = Some(self.machine.begin(order)?);
        self.settings = settings;
        self.left_out = None;
        Ok(())
    }

    fn stop(&mut self) {
        if self.drawing.is_some() {
            self.look_at_chosen();
        }
    }

    /// Shows the chosen drawing in place of what is on its way, and what it was set by.
    fn look_at_chosen(&mut self) {
        self.drawing = None;
        let Some(chosen) = self.history.chosen() else {
            self.picture = None;
            return;
        };
        self.settings = chosen.drawn.order.settings.clone();
        self.path = self.settings.file_name();
        self.picture = Some(Picture::Pixels(chosen.pixels.clone()));
        self.said = Said::Done(chosen.drawn.to_string());
    }

    fn paint(&mut self) -> Result<(), Failure> {
        let shown = self
            .shown()
            .ok_or("nothing to paint on: no drawing is done, or another is on its way")?;
        let rgba = shown.rgba.clone();
        self.painting.take(&rgba);
        self.is_on_painting = true;
        self.settings.strength = None;
        Ok(())
    }

    fn save(&mut self) -> Result<(), Failure> {
        let shown = self
            .shown()
            .ok_or("nothing to save: no drawing is done, or another is on its way")?;
        let (path, drawn) = (Path::new(self.path.trim()), &shown.drawn);
        match saving::is_film(path) {
            true => {
                if let Some(film) = &self.film {
                    let (path, before) = (path.display(), film.path().display());
                    return Err(format!(
                        "{path}: not before {before} is done, which is on its way"
                    )
                    .into());
                }
                let order = drawn.order.clone();
                self.film = Some(Film::begin(&mut self.machine.studio, &order, path)?);
                self.said = Said::Done(format!("drawing it once more, for {}", path.display()));
            }
            false => {
                saving::save(&drawn.images, path)?;
                self.said = Said::Done(saved(path));
            }
        }
        Ok(())
    }

    /// Replaces the model and all that was drawn with it, once its first drawing is on its way; an animation goes on.
    fn open(&mut self, path: &Path) -> Result<(), Failure> {
        let model = Model::open(path)?;
        let mut machine = Machine::new(&model, &self.options.device, self.host.as_ref())?;
        let mut settings = self.settings.clone();
        settings.suited_to(&model);
        let mut begun = machine.begin(Order::new(&settings, Ground::Noise, None)?);
        let mut left_out = None;
        if let Err(Error::Draw(error)) = &begun
            && error.option() == Some("palette")
        {
            settings.palette.clear();
            left_out = Some(format!("left out: {error}"));
            begun = machine.begin(Order::new(&settings, Ground::Noise, None)?);
        }
        self.drawing = Some(begun?);
        self.machine = machine;
        self.settings = settings;
        self.left_out = left_out;
        self.path.clear();
        self.picture = None;
        self.history = History::default();
        self.painting = Painting::new(&model);
        self.is_on_painting = false;
        Ok(())
    }
}

fn saved(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    format!("saved {}", whole.display())
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.frame(ui);
    }
}
