"""The published Paint by Example: its checkpoint, its names of tensors, and the folder that it is converted to."""
