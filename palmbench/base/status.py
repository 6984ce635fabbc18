"""Exit statuses of every command. Python's own 1, with a traceback, is a defect of the program."""

DONE = 0
CANNOT = 2  # what was asked cannot be done; a sentence says why
SAMPLES_FAILED = 3  # done, but for some samples
FINDINGS = 3  # done, and what was checked is not all as it should be
INTERRUPTED = 130
