"""Quality of a checkpoint: radical accuracy, distances to real glyphs, newness and strokes, on one score sheet."""
