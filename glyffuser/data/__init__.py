"""From Unihan and a font to training samples: definitions, characters, glyphs, data set.

`definitions` cleans one raw definition, `build` makes `definitions.jsonl` of all of them, `characters` reads that file,
`glyphs` draws characters with a font, and `dataset` pairs pictures with captions.
"""
