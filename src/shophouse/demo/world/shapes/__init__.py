"""Ways to write a world down: each module makes the files of one kind of system."""
