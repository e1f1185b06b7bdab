"""One asyncio loop for everything, on the reactor that Scrapy needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from scrapy.utils.reactor import install_reactor

Result = TypeVar("Result")


def run(main: Callable[[], Awaitable[Result]]) -> Result:
    """Run `main` to its end and return its result. Can be used once in a process: a Twisted reactor never restarts."""
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor as installed  # only now: earlier it would install the default one

    reactor: Any = installed  # its interfaces are zope's, which type checkers cannot follow

    outcome: list[Result] = []
    failure: list[BaseException] = []

    async def whole() -> None:
        try:
            outcome.append(await main())
        except BaseException as error:  # noqa: BLE001  (raised again below, outside the reactor)
            failure.append(error)
        finally:
            reactor.callLater(0, reactor.stop)

    loop = asyncio.get_event_loop()
    task = loop.create_task(whole())
    reactor.run(installSignalHandlers=False)
    assert task.done()
    if failure:
        raise failure[0]
    return outcome[0]
