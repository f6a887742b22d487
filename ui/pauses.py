"""Short pauses: what one thread does must not keep all others waiting.

Streamlit collects garbage after every run of the script, those of a fragment that looks each second
too, and all threads stand still meanwhile. Modules are hundreds of thousands of objects that are
never garbage, torch's above all; looking through them took a quarter of a second each time.
"""

import asyncio
import gc
import sys
from importlib import import_module

TURN = 0.001  # seconds that a thread may calculate while others wait; Python's own are 5 ms
EVERY = 0.2  # seconds between looks at what was imported
GROWN = 50  # modules more than at the last time


def take_short_turns() -> None:
    """So that an answer that needs three turns is not late where a chart is being calculated."""
    sys.setswitchinterval(TURN)


async def keep_short() -> None:
    """Settle what pages import, for as long as the server runs."""
    settled = 0
    while True:
        if len(sys.modules) >= settled + GROWN:
            settled = len(sys.modules)
            settle()
        await asyncio.sleep(EVERY)


def settle() -> None:
    """Take what is there out of the collector's sight; what is no cycle is freed as ever.

    Cycles that are garbage by now stay: little, since imports make few. Collecting them first would
    be the very pause that this is to spare.
    """
    gc.freeze()


def load_ahead() -> None:
    """Import what networks need where one was kept, so that the first page does not stop for it."""
    from engine.devices import is_network
    from ui.engine import registry

    if any(is_network(each.about.model) for each in registry().entries()):
        import_module("torch")
