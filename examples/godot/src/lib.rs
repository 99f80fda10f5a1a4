//! Sprites drawn by diffusion inside Godot 4: the node `SpriteGenerator`.

mod entry;
mod generator;
mod sprite_generator;
