"""Training data from Unihan definitions and a font.

`definitions` cleans one raw definition, `build` cleans all of them and writes `definitions.jsonl`, `characters` reads
that file, `glyphs` renders characters with a font, and `dataset` pairs glyphs with captions.
"""
