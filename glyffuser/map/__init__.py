"""The data set as a landscape: where each glyph lies on the map, what lies near it, and how noise drowns it all."""
