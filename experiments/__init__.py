"""What one runs: a short file for each table and figure of the paper."""
