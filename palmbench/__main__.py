"""`python -m palmbench`; free of heavy imports, so that help and listings answer at once."""

from __future__ import annotations

import sys

from palmbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
