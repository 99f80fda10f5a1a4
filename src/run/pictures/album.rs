//! What becomes of finished images.

use std::format;
use std::path::{Path, PathBuf};
use std::string::ToString;
use std::sync::Arc;

use super::drawing::Drawing;
use super::encode::{put, put_png};
use super::kept::{Kept, most_kept};
use super::place::{AlbumPlace, check_look, refused};
use super::{animation, archive};
use crate::Error;
use crate::diffusion::Sample;
use crate::files::{FreshFolder, Naming, Place, create_folder};
use crate::run::error::DrawError;
use crate::run::images::Images;
use crate::run::model::{Look, Model};

/// Images on their way to a file or a folder, a batch at a time.
///
/// The path says what becomes of them: `x.png` is a grid with their classes above, `x.gif` an animation of them,
/// `x.npz` the archive of arrays that evaluators read, `x/` a folder with a picture each, which must be new or
/// empty; `-` is a grid on the standard output. Images with alpha lie on a board of grey squares in a grid, are
/// transparent where alpha is below 128 in an animation, and have their alpha, straight, elsewhere. A file is written whole by [`finish`](Self::finish) or not at all;
/// to a folder each batch goes as it comes.
///
/// ```no_run
/// use iddpm::run::Album;
/// use iddpm::{Device, Draw, Model};
/// let model = Model::open("sprites32.safetensors")?;
/// let mut studio = model.on(Device::best())?;
/// let mut album = Album::create("swords/", &model, 1000)?;
/// for first in (0..1000).step_by(8) {
///     let mut run = studio.begin_numbers(&Draw::new().class("sword"), first..first + 8)?;
///     while run.advance()? {}
///     album.add(&run.images()?)?;
/// }
/// album.finish()?;
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Album {
    path: PathBuf,
    look: Arc<Look>,
    /// Images that there is room for.
    count: usize,
    /// Whether what was added is of a palette's colours.
    is_indexed: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Grid(Kept, Drawing),
    Animation(Kept, Drawing),
    Archive(Kept),
    Folder(Pictures),
}

/// A folder, and how many images are in it.
#[derive(Debug)]
struct Pictures {
    folder: FreshFolder,
    naming: Naming,
    drawing: Drawing,
    made: usize,
}

impl Album {
    /// Checks whether images could be put there, before anything is spent on them. Nothing is left behind.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError), for a path that says none of these too.
    pub fn check(path: impl AsRef<Path>) -> Result<(), Error> {
        let place = AlbumPlace::of(path.as_ref())?;
        let AlbumPlace::Folder(folder) = &place else {
            return Ok(Place::of(place.path())?.check()?);
        };
        FreshFolder::check(folder)?;
        match folder.parent() {
            Some(parent) if parent != Path::new("") && !parent.is_dir() => {
                let why = format!("there is no folder {}", parent.display());
                Err(refused(folder, why).into())
            }
            _ => Ok(()),
        }
    }

    /// Makes the folder, or room for so many images.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`DrawError::Count`], [`DrawError::NoPicture`];
    /// [`MemoryError`](crate::memory::MemoryError).
    pub fn create(path: impl AsRef<Path>, model: &Model, count: usize) -> Result<Self, Error> {
        Self::of(path.as_ref(), model.look(), count)
    }

    fn of(path: &Path, look: &Arc<Look>, count: usize) -> Result<Self, Error> {
        Self::check(path)?;
        let place = AlbumPlace::of(path)?;
        check_count(&place, look, count)?;
        let image = look.image;
        let kept = || Kept::new(image, count);
        let drawing = || Drawing::of(look);
        let kind = match &place {
            AlbumPlace::Grid(_) => Kind::Grid(kept()?, drawing()?),
            AlbumPlace::Animation(_) => Kind::Animation(kept()?, drawing()?),
            AlbumPlace::Archive(_) => Kind::Archive(kept()?),
            AlbumPlace::Folder(path) => {
                let drawing = drawing()?;
                Kind::Folder(Pictures {
                    folder: FreshFolder::take(path)?,
                    naming: Naming::new(look.class_names.as_deref()),
                    drawing,
                    made: 0,
                })
            }
        };
        Ok(Self {
            path: place.path().into(),
            look: Arc::clone(look),
            count,
            is_indexed: true,
            kind,
        })
    }

    /// Takes some images.
    ///
    /// # Errors
    /// [`DrawError::Count`] for more images than the album was made for; [`FileError`](crate::files::FileError), for
    /// images of another size or of other classes too, and in a folder for one of the number and class of another that
    /// is there; those of [`Images::bytes`].
    pub fn add(&mut self, images: &Images) -> Result<(), Error> {
        check_look(&self.path, images.look(), &self.look)?;
        let added = self.added().saturating_add(images.len());
        if added > self.count {
            let of = self.path.display().to_string();
            return Err(DrawError::Count {
                count: added,
                most: self.count,
                of,
            }
            .into());
        }
        self.is_indexed &= images.is_indexed();
        match &mut self.kind {
            Kind::Grid(kept, _) | Kind::Animation(kept, _) | Kind::Archive(kept) => {
                kept.add(images)
            }
            Kind::Folder(pictures) => {
                let bytes = images.bytes()?;
                let elements = self.look.image.elements().max(1);
                let each = bytes.chunks(elements).zip(images.samples());
                each.into_iter().try_for_each(|(image, sample)| {
                    pictures.add(image, sample, images.is_indexed())
                })
            }
        }
    }

    /// Images that were taken.
    const fn added(&self) -> usize {
        match &self.kind {
            Kind::Grid(kept, _) | Kind::Animation(kept, _) | Kind::Archive(kept) => {
                kept.labels.len()
            }
            Kind::Folder(pictures) => pictures.made,
        }
    }

    /// The number of images that are at their place already: those of a folder. `None` for a file, of which
    /// nothing is there before its end.
    pub const fn made(&self) -> Option<usize> {
        match &self.kind {
            Kind::Grid(..) | Kind::Animation(..) | Kind::Archive(_) => None,
            Kind::Folder(pictures) => Some(pictures.made),
        }
    }

    /// The path, without what says that it is a folder's.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what was kept.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError), where no image was added too.
    pub fn finish(self) -> Result<(), Error> {
        let path = &self.path;
        if self.added() == 0 {
            return Err(refused(path, "there is no image to write").into());
        }
        match &self.kind {
            Kind::Grid(kept, drawing) => {
                let grid = drawing.grid(&kept.pixels, &kept.labels);
                put_png(path, &grid, self.is_indexed)
            }
            Kind::Animation(kept, drawing) => {
                let elements = self.look.image.elements().max(1);
                let images = kept.pixels.chunks(elements);
                animation::write(path, images.map(|image| drawing.enlarged(image)), false)
            }
            Kind::Archive(kept) => put(path, |file| archive::write(path, file, kept)),
            Kind::Folder(_) => Ok(()),
        }
    }
}

impl Images {
    /// Saves the images, by what the path ends in: a grid (`x.png`), an animation of them (`x.gif`), an archive of
    /// arrays (`x.npz`), or a new folder (`x/`), as [`Album`] has it.
    ///
    /// # Errors
    /// Those of [`Album`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut album = Album::of(path.as_ref(), self.look(), self.len())?;
        album.add(self)?;
        album.finish()
    }
}

/// The most images that are kept for a file until all are done; none are for a folder.
fn check_count(place: &AlbumPlace, look: &Look, count: usize) -> Result<(), DrawError> {
    let kept = most_kept(look.image.elements());
    let most = match place {
        AlbumPlace::Grid(_) => Drawing::of(look)?.most(),
        AlbumPlace::Animation(_) => Drawing::of(look)?.most().min(kept),
        AlbumPlace::Archive(_) => kept,
        AlbumPlace::Folder(_) => usize::MAX,
    };
    if count <= most {
        return Ok(());
    }
    let of = place.path().display().to_string();
    Err(DrawError::Count { count, most, of })
}

impl Pictures {
    fn add(&mut self, image: &[u8], sample: &Sample, is_indexed: bool) -> Result<(), Error> {
        let path = self.naming.path(sample.label, sample.number);
        let path = self.folder.path().join(path);
        // The folder was empty: what is there is of this album.
        if path.symlink_metadata().is_ok() {
            let number = sample.number;
            let why = format!(
                "an image of this album is there already, of the same number and class: image {number} of another \
                 noise needs another number, or another folder"
            );
            return Err(refused(&path, why).into());
        }
        if let Some(class) = path.parent() {
            create_folder(class)?;
        }
        put_png(&path, &self.drawing.picture(image), is_indexed)?;
        self.made += 1;
        Ok(())
    }
}
