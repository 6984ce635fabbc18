"""The whole benchmark on one HTML page that needs nothing else."""
