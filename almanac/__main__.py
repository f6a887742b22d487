"""`python -m almanac`."""

import os
import sys

# Before numpy or torch are loaded; see app.py.
for name, value in (
    ("OMP_WAIT_POLICY", "PASSIVE"),
    ("GOMP_SPINCOUNT", "0"),
    ("OPENBLAS_NUM_THREADS", "1"),
):
    os.environ.setdefault(name, value)

if __name__ == "__main__":
    from almanac.cli import main

    sys.exit(main())
