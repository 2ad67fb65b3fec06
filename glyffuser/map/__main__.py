"""Build the map: `make map` = `python -m glyffuser.map`."""

import argparse
import sys
from pathlib import Path

from glyffuser.command import check_extra, ends_in_one_line
from glyffuser.data.characters import load_characters
from glyffuser.map.build import UmapConfig, build_map, update_characters
from glyffuser.map.files import DEFAULT_FOLDER
from glyffuser.shipped import write_manifest
from glyffuser.text import TextEncoder


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Build the map, write its files and print their size; returns the exit status."""
    defaults = UmapConfig()
    parser = argparse.ArgumentParser(prog="python -m glyffuser.map", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_FOLDER, help="folder (default: checkpoints/map)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for text states (default: .cache)")
    parser.add_argument("--n-neighbors", type=int, default=defaults.n_neighbors, help="for UMAP (default: 50)")
    parser.add_argument("--min-dist", type=float, default=defaults.min_dist, help="for UMAP (default: 0.1)")
    parser.add_argument(
        "--characters-only",
        action="store_true",
        help="keep the map in the folder, and rewrite only what it says about its characters",
    )
    options = parser.parse_args(arguments)
    if options.characters_only:
        manifest = update_characters(load_characters(), options.output)
    else:
        check_extra("map")
        config = UmapConfig(options.n_neighbors, options.min_dist)
        manifest = build_map(load_characters(), TextEncoder.load(), options.output, options.cache, config)
    size = sum((options.output / name).stat().st_size for name in manifest["files"])
    write_manifest(options.output)
    print(f"{manifest['num_glyphs']:,} glyphs, {len(manifest['files'])} files, {size / 1e6:.1f} MB in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
