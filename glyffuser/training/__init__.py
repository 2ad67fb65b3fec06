"""From the data set to a checkpoint: the glyph prior first, then the U-net, then the export."""
