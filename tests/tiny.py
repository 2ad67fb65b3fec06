"""A network that answers in a few milliseconds, for the tests that only ask whether things fit together."""

from glyffuser.config import ModelConfig

TINY = ModelConfig(block_out_channels=(32, 32), num_attention_heads=(1, 1), cross_attention_dim=32)
