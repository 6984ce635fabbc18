"""How the embedded weights are made: render training identities, train the networks, write safetensors.

`python -m experiments.train_weights` runs the recipes in order; each can be run alone, and resumes where it was
stopped.
"""
