"""Settings: what they may hold, and how Hydra composes them."""
