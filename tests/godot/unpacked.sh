#!/bin/bash
# unpacked.sh : prints the folder where Godot 3 lies, with a window and without
exec "$(dirname "$0")/../unpacked.sh" godot godot3 godot3-server
