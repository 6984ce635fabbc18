"""Pictures in which there is no hand: what a hand detector must stay silent on."""
