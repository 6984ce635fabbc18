"""Training of learned recognizers on a data set: `palmbench train`."""
