"""Runs: a pipeline of stages over a data set, the processes that do the work, and the record of what came out."""
