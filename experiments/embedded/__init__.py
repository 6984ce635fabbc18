"""The figures that the embedded world must reach, one file a subject; `experiments.embedded_report` prints them."""
