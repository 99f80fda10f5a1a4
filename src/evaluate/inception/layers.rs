//! The layers of Inception-v3 (Szegedy et al. 2016) as the public evaluator's graph of 2015 has them, under the names
//! that its ports to PyTorch gave them.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::window::Window;

/// A layer; convolutions are as a use of the table has them.
#[derive(Debug)]
pub(super) enum Layer<C> {
    /// A convolution with its normalisation and ReLU.
    Conv(C),
    /// The mean of what lies under a window and within the image.
    AveragePool(Window),
    /// The largest of it.
    MaxPool(Window),
    /// The results of several branches, the channels of one behind those of another.
    Branches(Vec<Vec<Self>>),
}

/// A convolution as the table has it.
#[derive(Debug, Clone)]
pub(super) struct Conv {
    /// What its tensors' names begin with.
    pub(super) name: String,
    pub(super) channels: usize,
    pub(super) window: Window,
}

/// At every position.
const SAME: fn([usize; 2]) -> Window = Window::same;
/// At every position that has all of the kernel under it.
const EVERY: fn([usize; 2]) -> Window = |kernel| Window::valid(kernel, 1);
/// At every other of those.
const HALF: fn([usize; 2]) -> Window = |kernel| Window::valid(kernel, 2);

/// Convolutions of a block whose names begin with its.
struct Block(String);

impl Block {
    fn named(name: &str) -> Self {
        Self(format!("{name}."))
    }

    fn conv(
        &self,
        name: &str,
        channels: usize,
        kernel: [usize; 2],
        window: fn([usize; 2]) -> Window,
    ) -> Layer<Conv> {
        Layer::Conv(Conv {
            name: format!("{}{name}", self.0),
            channels,
            window: window(kernel),
        })
    }

    /// One of 1×1.
    fn point(&self, name: &str, channels: usize) -> Layer<Conv> {
        self.conv(name, channels, [1, 1], SAME)
    }
}

/// All layers up to the features, whose means over positions the features are.
pub(super) fn layers() -> Vec<Layer<Conv>> {
    let stem = Block(String::new());
    vec![
        stem.conv("Conv2d_1a_3x3", 32, [3, 3], HALF),
        stem.conv("Conv2d_2a_3x3", 32, [3, 3], EVERY),
        stem.conv("Conv2d_2b_3x3", 64, [3, 3], SAME),
        Layer::MaxPool(HALF([3, 3])),
        stem.point("Conv2d_3b_1x1", 80),
        stem.conv("Conv2d_4a_3x3", 192, [3, 3], EVERY),
        Layer::MaxPool(HALF([3, 3])),
        fives("Mixed_5b", 32),
        fives("Mixed_5c", 64),
        fives("Mixed_5d", 64),
        halving_to_17("Mixed_6a"),
        sevens("Mixed_6b", 128),
        sevens("Mixed_6c", 160),
        sevens("Mixed_6d", 160),
        sevens("Mixed_6e", 192),
        halving_to_8("Mixed_7a"),
        wide("Mixed_7b", Layer::AveragePool(SAME([3, 3]))),
        // The published graph has the largest here, not the mean as the paper.
        wide("Mixed_7c", Layer::MaxPool(SAME([3, 3]))),
    ]
}

/// At 35×35: kernels of 5×5, and 3×3 twice.
fn fives(name: &str, pooled: usize) -> Layer<Conv> {
    let block = Block::named(name);
    Layer::Branches(vec![
        vec![block.point("branch1x1", 64)],
        vec![
            block.point("branch5x5_1", 48),
            block.conv("branch5x5_2", 64, [5, 5], SAME),
        ],
        vec![
            block.point("branch3x3dbl_1", 64),
            block.conv("branch3x3dbl_2", 96, [3, 3], SAME),
            block.conv("branch3x3dbl_3", 96, [3, 3], SAME),
        ],
        vec![
            Layer::AveragePool(SAME([3, 3])),
            block.point("branch_pool", pooled),
        ],
    ])
}

fn halving_to_17(name: &str) -> Layer<Conv> {
    let block = Block::named(name);
    Layer::Branches(vec![
        vec![block.conv("branch3x3", 384, [3, 3], HALF)],
        vec![
            block.point("branch3x3dbl_1", 64),
            block.conv("branch3x3dbl_2", 96, [3, 3], SAME),
            block.conv("branch3x3dbl_3", 96, [3, 3], HALF),
        ],
        vec![Layer::MaxPool(HALF([3, 3]))],
    ])
}

/// At 17×17: kernels of 7×7 as 1×7 and 7×1, once and twice.
fn sevens(name: &str, inner: usize) -> Layer<Conv> {
    let block = Block::named(name);
    Layer::Branches(vec![
        vec![block.point("branch1x1", 192)],
        vec![
            block.point("branch7x7_1", inner),
            block.conv("branch7x7_2", inner, [1, 7], SAME),
            block.conv("branch7x7_3", 192, [7, 1], SAME),
        ],
        vec![
            block.point("branch7x7dbl_1", inner),
            block.conv("branch7x7dbl_2", inner, [7, 1], SAME),
            block.conv("branch7x7dbl_3", inner, [1, 7], SAME),
            block.conv("branch7x7dbl_4", inner, [7, 1], SAME),
            block.conv("branch7x7dbl_5", 192, [1, 7], SAME),
        ],
        vec![
            Layer::AveragePool(SAME([3, 3])),
            block.point("branch_pool", 192),
        ],
    ])
}

fn halving_to_8(name: &str) -> Layer<Conv> {
    let block = Block::named(name);
    Layer::Branches(vec![
        vec![
            block.point("branch3x3_1", 192),
            block.conv("branch3x3_2", 320, [3, 3], HALF),
        ],
        vec![
            block.point("branch7x7x3_1", 192),
            block.conv("branch7x7x3_2", 192, [1, 7], SAME),
            block.conv("branch7x7x3_3", 192, [7, 1], SAME),
            block.conv("branch7x7x3_4", 192, [3, 3], HALF),
        ],
        vec![Layer::MaxPool(HALF([3, 3]))],
    ])
}

/// At 8×8: branches that end in two, of 1×3 and of 3×1.
fn wide(name: &str, pool: Layer<Conv>) -> Layer<Conv> {
    let block = Block::named(name);
    let both = |row: &str, column: &str| {
        Layer::Branches(vec![
            vec![block.conv(row, 384, [1, 3], SAME)],
            vec![block.conv(column, 384, [3, 1], SAME)],
        ])
    };
    Layer::Branches(vec![
        vec![block.point("branch1x1", 320)],
        vec![
            block.point("branch3x3_1", 384),
            both("branch3x3_2a", "branch3x3_2b"),
        ],
        vec![
            block.point("branch3x3dbl_1", 448),
            block.conv("branch3x3dbl_2", 384, [3, 3], SAME),
            both("branch3x3dbl_3a", "branch3x3dbl_3b"),
        ],
        vec![pool, block.point("branch_pool", 192)],
    ])
}

impl<C> Layer<C> {
    /// The same layers with another thing in place of each convolution, which is made of it and the number of channels
    /// before it, and says how many it makes; and how many channels the last has.
    pub(super) fn convert<D, E>(
        layers: Vec<Self>,
        mut channels: usize,
        each: &mut impl FnMut(C, usize) -> Result<(D, usize), E>,
    ) -> Result<(Vec<Layer<D>>, usize), E> {
        let mut converted = Vec::with_capacity(layers.len());
        for layer in layers {
            converted.push(match layer {
                Self::Conv(conv) => {
                    let (conv, made) = each(conv, channels)?;
                    channels = made;
                    Layer::Conv(conv)
                }
                Self::AveragePool(window) => Layer::AveragePool(window),
                Self::MaxPool(window) => Layer::MaxPool(window),
                Self::Branches(branches) => {
                    let (mut all, mut made) = (Vec::with_capacity(branches.len()), 0);
                    for branch in branches {
                        let (branch, of_branch) = Self::convert(branch, channels, each)?;
                        all.push(branch);
                        made += of_branch;
                    }
                    channels = made;
                    Layer::Branches(all)
                }
            });
        }
        Ok((converted, channels))
    }
}
