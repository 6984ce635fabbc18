"""Store the golden artefacts of raised versions: `make golden`.

Of a sample that is another one now, though the code is not, take the entry out of `values.json` first.
"""

from __future__ import annotations

import sys

import torch

from tests.golden.artefacts import read, stored_anew, write
from tests.golden.catalogue import goldens

torch.set_num_threads(1)
before = read()
anew, refused = stored_anew(goldens().values(), before)
write(anew)
for name in sorted({*anew, *before}):
    if anew.get(name) != before.get(name):
        print(f"stored: {name}" if name in anew else f"gone: {name}")
for sentence in refused:
    print(f"refused: {sentence}", file=sys.stderr)
sys.exit(2 if refused else 0)
