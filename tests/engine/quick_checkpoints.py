"""A worker that writes a checkpoint several times a second: `quick_checkpoints.py RUN_DIR`."""

import sys
from pathlib import Path

COMMAND = (sys.executable, str(Path(__file__)))


if __name__ == "__main__":
    from engine.worker import main
    from forecasting.networks import checkpoint

    checkpoint.SECONDS = 0.2
    sys.exit(main())
