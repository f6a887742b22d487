"""The client of `benchmarks.rest`: GET requests at a steady rate over a few kept connections.

Reads what to ask from standard input and writes the milliseconds as JSON.
"""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

CONNECTIONS = 16


async def main() -> None:
    asked = json.load(sys.stdin)
    place = urlsplit(asked["url"])
    waiting: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
    took: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        while True:
            due, path = await waiting.get()
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: application/json\r\n"
                f"Authorization: Bearer {asked['key']}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert " 200 " in head.split("\r\n")[0], head
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            await reader.readexactly(length)
            took.append((time.perf_counter() - due) * 1000)
            waiting.task_done()

    workers = [asyncio.create_task(work()) for _ in range(CONNECTIONS)]
    begin = time.perf_counter()
    for number, path in enumerate(asked["paths"]):
        due = begin + number / asked["rate"]
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        waiting.put_nowait((due, path))
    done = asyncio.create_task(waiting.join())
    await asyncio.wait([done, *workers], return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        if worker.done():
            worker.result()  # its error
        worker.cancel()
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
