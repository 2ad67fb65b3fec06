"""Glyffuser: a small diffusion model that draws Chinese-looking characters from English definitions."""

__version__ = "0.1.0"
