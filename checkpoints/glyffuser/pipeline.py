"""Where diffusers finds the pipeline of this folder, given glyffuser is installed.

`DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)` reads this file.
"""

from glyffuser.pipeline import GlyffuserPipeline

__all__ = ["GlyffuserPipeline"]
