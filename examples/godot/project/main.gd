# Draws a sprite of each class, one after another, shows them as they come, and tells how long
# frames were. A click or a key draws others.
extends Node2D

const COLUMNS := 6
const SCALE := 3.0
const CELL := 36.0

var names: PackedStringArray
var sprites: Array[Sprite2D] = []
var frames := 0
var longest := 0.0

@onready var generator: SpriteGenerator = $Generator
@onready var told: Label = $Told


func _ready() -> void:
	generator.progressed.connect(_on_progressed)
	generator.finished.connect(_on_finished)
	generator.failed.connect(_on_failed)
	names = generator.class_names()
	if names.is_empty():
		names.append("") # What is wrong with the model, `generate` says.
	begin()


# Begins the next sprite, at its place beside and below the others.
func begin() -> void:
	var sprite := Sprite2D.new()
	sprite.centered = false
	sprite.scale = Vector2(SCALE, SCALE)
	var place := Vector2i(sprites.size() % COLUMNS, sprites.size() / COLUMNS)
	sprite.position = Vector2(16, 16) + CELL * SCALE * Vector2(place)
	add_child(sprite)
	generator.sprite_class = names[sprites.size()]
	sprites.append(sprite)
	generator.generate()


func _process(delta: float) -> void:
	if generator.is_running():
		frames += 1
		longest = maxf(longest, delta * 1000.0)
		told.text = "Godot %s: %d sprites in %d frames, the longest %.1f ms" % [
			Engine.get_version_info().string, sprites.size(), frames, longest]


func _on_progressed(_fraction: float, preview: ImageTexture) -> void:
	sprites.back().texture = preview


func _on_finished(texture: ImageTexture) -> void:
	sprites.back().texture = texture
	if sprites.size() < names.size():
		begin()


func _on_failed(message: String) -> void:
	told.text = message


func _unhandled_input(event: InputEvent) -> void:
	if event.is_pressed() and not event.is_echo():
		generator.seed += 1
		for sprite in sprites:
			sprite.queue_free()
		sprites.clear()
		begin()
