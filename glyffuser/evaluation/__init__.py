"""How good a checkpoint is: radicals, likeness, novelty and strokes, as one score sheet."""
