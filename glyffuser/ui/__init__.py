"""The page: what a visitor sees and does."""
