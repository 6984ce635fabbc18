"""Published weights: what there is, what is here, fetching and checking it. Imports no torch."""
