"""Answers are given again while what they read is as it was, and never longer."""

import asyncio
import threading
from collections.abc import Hashable

from starlette.responses import Response

from api.answers import LATE, MOST_OF_ONE, Answers
from api.memory import Kept


class World:
    """What is read, a clock, and how often anything was asked of it."""

    def __init__(self) -> None:
        self.value: Hashable = 1
        self.now = 0.0
        self.looks = 0
        self.made = 0

    def stamp(self) -> Hashable:
        self.looks += 1
        return self.value

    async def make(self) -> Response:
        self.made += 1
        return Response(f"of {self.value}", headers={"Almanac-Next": "x"})


async def body(answers: Answers, world: World, asked: str = "a") -> bytes:
    return bytes((await answers.get(asked, world.make)).body)


def test_when_nothing_has_changed_then_an_answer_is_made_once_and_looked_at_each_second() -> None:
    async def story() -> None:
        world = World()
        answers = Answers(world.stamp, clock=lambda: world.now)
        assert {await body(answers, world) for _ in range(5)} == {b"of 1"}
        assert (world.made, world.looks) == (1, 1)
        world.now = LATE
        first = await answers.get("a", world.make)
        first.headers["more"] = "of this request alone"
        again = await answers.get("a", world.make)
        assert (world.made, world.looks) == (1, 2)
        assert again.headers["almanac-next"] == "x"
        assert "more" not in again.headers

    asyncio.run(story())


def test_when_something_changes_then_the_old_answer_is_given_for_a_second_at_most() -> None:
    async def story() -> None:
        world = World()
        answers = Answers(world.stamp, clock=lambda: world.now)
        await body(answers, world)
        world.value = 2
        assert await body(answers, world) == b"of 1"
        world.now = LATE
        assert await body(answers, world) == b"of 2"

    asyncio.run(story())


def test_when_something_changes_while_an_answer_is_made_then_it_is_not_kept() -> None:
    async def story() -> None:
        world = World()
        answers = Answers(world.stamp, clock=lambda: world.now)

        async def slow() -> Response:
            old = await world.make()
            world.value, world.now = 2, LATE
            assert await body(answers, world, "b") == b"of 2"  # it has seen the change
            return old

        assert bytes((await answers.get("a", slow)).body) == b"of 1"
        assert await body(answers, world) == b"of 2"

    asyncio.run(story())


def test_when_answers_are_too_many_or_too_large_then_the_oldest_are_made_anew() -> None:
    async def story() -> None:
        world = World()
        answers = Answers(world.stamp, most_bytes=8, clock=lambda: world.now)
        for asked in ("a", "b", "a", "c"):  # each has four bytes, so that b gives way
            await body(answers, world, asked)
        assert world.made == 3
        await body(answers, world, "a")
        assert world.made == 3
        await body(answers, world, "b")
        assert world.made == 4

        async def large() -> Response:
            world.made += 1
            return Response(b"x" * (MOST_OF_ONE + 1))

        for _ in range(2):
            await answers.get("large", large)
        assert world.made == 6

    asyncio.run(story())


def test_when_all_is_forgotten_while_a_value_is_made_then_it_is_not_kept() -> None:
    kept: Kept[str] = Kept(most=2)
    begun, forgotten = threading.Event(), threading.Event()

    def old() -> str:
        begun.set()
        forgotten.wait(10)
        return "old"

    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(kept.get("a", old)))
    thread.start()
    begun.wait(10)
    kept.clear()
    forgotten.set()
    thread.join(10)
    assert got == ["old"]
    assert kept.get("a", lambda: "new") == "new"
