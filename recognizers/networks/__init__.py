"""What the learned recognizers are made of: layers, losses, alignment, and weights that are read from files."""
