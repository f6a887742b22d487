"""Modules are looked through once, and what is garbage later is still found."""

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from engine.registry import About
from ui import engine, pauses


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The collector and its turns as they were."""
    monkeypatch.setattr(pauses, "EVERY", 0.001)
    turn = sys.getswitchinterval()
    yield
    gc.unfreeze()
    sys.setswitchinterval(turn)


def test_when_many_modules_came_then_they_are_settled_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled: list[int] = []
    monkeypatch.setattr(pauses, "settle", lambda: settled.append(len(sys.modules)))

    async def story() -> None:
        keeping = asyncio.create_task(pauses.keep_short())
        await until(1)
        for number in range(pauses.GROWN):
            monkeypatch.setitem(sys.modules, f"came_{number}", ModuleType(f"came_{number}"))
        await until(2)
        await asyncio.sleep(0.05)
        keeping.cancel()

    async def until(times: int) -> None:
        async with asyncio.timeout(20):
            while len(settled) < times:
                await asyncio.sleep(0.001)

    asyncio.run(story())
    first, second = settled
    assert second >= first + pauses.GROWN


def test_when_garbage_is_made_afterwards_then_it_is_collected() -> None:
    class Loop:
        def __init__(self) -> None:
            self.me = self

    pauses.settle()
    assert gc.get_freeze_count() > 10_000
    made = Loop()
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_when_turns_are_short_then_a_waiting_thread_gets_its_own_sooner() -> None:
    pauses.take_short_turns()
    assert sys.getswitchinterval() == pytest.approx(pauses.TURN)


def test_when_a_network_was_kept_then_what_it_needs_is_loaded_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(pauses, "import_module", loaded.append)
    for model, wanted in (("theta", []), ("transformer", ["torch"])):
        entry = SimpleNamespace(about=About(model=model))
        registry = SimpleNamespace(entries=lambda found=entry: [found])
        monkeypatch.setattr(engine, "registry", lambda opened=registry: opened)
        pauses.load_ahead()
        assert loaded == wanted
