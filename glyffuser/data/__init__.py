"""Training data from Unihan definitions and a font.

`definitions` cleans one raw definition, `layouts` knows how characters are composed, `build` puts both together and
writes `definitions.jsonl`, `characters` reads that file, `glyphs` renders characters with a font, and `dataset` pairs
glyphs with captions.
"""
