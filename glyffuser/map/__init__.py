"""The map of all real glyphs: positions, search by meaning, density under noise, and the files that the page serves."""
