# Draws a sprite of each class, a little in each frame, shows them as they come, saves them, and ends the program: by 0
# where all went well.
extends Node2D

const COLUMNS = 6
const SCALE = 3

var iddpm = GDNative.new()
var size = Vector2()
var textures = []
var frames = 0
var longest = 0.0


func ask(procedure):
	return iddpm.call_native("standard_varcall", procedure, [])


func end(status):
	set_process(false)
	iddpm.terminate()
	get_tree().quit(status)


func _ready():
	iddpm.library = load("res://iddpm.gdnlib")
	if not iddpm.initialize() or ask("open_model") < 0:
		end(1)
		return
	size = Vector2(ask("width"), ask("height"))
	begin()


# Begins the next sprite, at its place beside and below the others.
func begin():
	if ask("begin") < 0:
		end(1)
		return
	var texture = ImageTexture.new()
	texture.create(int(size.x), int(size.y), Image.FORMAT_RGBA8, 0)
	var sprite = Sprite.new()
	sprite.texture = texture
	sprite.centered = false
	sprite.scale = Vector2(SCALE, SCALE)
	var place = Vector2(textures.size() % COLUMNS, textures.size() / COLUMNS)
	sprite.position = Vector2(16, 16) + place * (size + Vector2(4, 4)) * SCALE
	add_child(sprite)
	textures.append(texture)


func _process(_delta):
	var began = OS.get_ticks_usec()
	var came_to = ask("advance")
	frames += 1
	longest = max(longest, (OS.get_ticks_usec() - began) / 1000.0)
	if came_to < 0 or ask("look") < 0:
		end(1)
		return
	textures.back().set_data(looked_at())
	var version = Engine.get_version_info()
	var told = [version.major, version.minor, version.patch, textures.size(), frames, longest]
	$Told.text = "Godot %d.%d.%d: %d sprites in %d frames, the longest %.1f ms" % told
	if came_to == 0 and textures.size() < ask("classes"):
		begin()
	elif came_to == 0:
		finish()


func looked_at():
	var pixels = StreamPeerBuffer.new()
	pixels.big_endian = true
	for _pixel in range(size.x * size.y):
		pixels.put_u32(ask("pixel"))
	var image = Image.new()
	image.create_from_data(int(size.x), int(size.y), false, Image.FORMAT_RGBA8, pixels.data_array)
	return image


# What is saved is what the textures have: the first of them as a picture, all as plain pixels. Where there is a window, it
# is saved as well.
func finish():
	set_process(false)
	print($Told.text)
	var file = File.new()
	var saved = file.open("res://sprites.rgba", File.WRITE)
	for texture in textures:
		file.store_buffer(texture.get_data().get_data())
	file.close()
	saved = max(saved, textures[0].get_data().save_png("res://sprite.png"))
	if not OS.has_feature("Server"):
		yield(VisualServer, "frame_post_draw")
		var window = get_viewport().get_texture().get_data()
		window.flip_y()
		saved = max(saved, window.save_png("res://window.png"))
	end(0 if saved == OK else 1)
