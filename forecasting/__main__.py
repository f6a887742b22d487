"""`python -m forecasting`."""

import os
import sys

# Before numpy is imported: the matrices here are tiny, and threads that wait for each other made
# one SARIMAX fit take 11 s instead of 0.5 s on a busy machine of two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from forecasting.cli import main

if __name__ == "__main__":
    sys.exit(main())
