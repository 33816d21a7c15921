"""A process that behaves as an engine or a gateway does, or misbehaves as it is told.

    fake_engine.py --port P [--fail CODE] [--stubborn] [--say TEXT]

It prints the cores that it had before anything was imported.
"""

import os

CORES_AT_BIRTH = sorted(os.sched_getaffinity(0))

import argparse  # noqa: E402 - the cores are read before anything else
import asyncio  # noqa: E402 - as above
import sys  # noqa: E402 - as above

from beaufort.wire import Exchange, Server, process  # noqa: E402 - as above

METRICS = b'vllm:num_requests_running{engine="0"} 3\nvllm:num_requests_waiting{engine="0"} NaN\n'


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - an engine's log


def answer(exchange: Exchange) -> None:
    match exchange.request.path:
        case "/health":
            exchange.respond(200)
        case "/metrics":
            exchange.respond(200, METRICS)
        case "/v1/models":
            exchange.respond(200, b'{"data": [{"id": "fake"}]}')
        case _:
            exchange.respond(404)


async def serve(options: argparse.Namespace, stop: asyncio.Event) -> None:
    server = Server(answer)
    await server.listen("127.0.0.1", options.port)
    await stop.wait()
    if options.stubborn:
        say("not yet")
        await asyncio.sleep(600)
    await server.close(1.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fail", type=int)
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--say", default="here I am")
    options = parser.parse_args()
    say(f"cores {CORES_AT_BIRTH}")
    say(options.say)
    if options.fail is not None:
        sys.exit(options.fail)
    process.run(lambda stop: serve(options, stop), exit_with_parent=True)


if __name__ == "__main__":
    main()
