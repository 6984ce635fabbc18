"""Files, the store and the terminal, which everything else stands on."""
