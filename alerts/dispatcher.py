"""Sends what is due: lease a row, send it, record what came of it. Each channel has its own threads.

A slow or dead receiver never delays another channel; within one, messages on one incident to one recipient keep their
order. Nothing is decided here that policy.py or outbox.py can decide. The steps, of which `trace` is told once each is
done: `claim` (leased, on disk), `connect`, `DATA`, `final dot`, `250 read` (in the channel), `mark` (recorded).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import TypeVar, cast

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alerts import outbox, queue
from alerts.channels import Channel, Envelope, Trace
from alerts.errors import ChannelRefused, DeliveryError, Refused, TooLarge, TryLater
from alerts.messages import Message, Telling, compose, marked, prepare_templates
from alerts.outbox import Notice
from alerts.policy import BAGHDAD, Policy
from alerts.queue import Delivery
from alerts.settings import AnyChannelSettings
from pipelines.archive import Store
from pipelines.models import ChangeKind
from pipelines.summary import Labels

log = structlog.get_logger("alerts")
_WORTH_A_NOTICE = 4  # attempts, over 35 minutes
Settle = Callable[[Connection], object]  # records within a transaction what came of a delivery
_Result = TypeVar("_Result")


class Dispatcher:
    """Takes rows from the outbox and hands them to the channels.

    `clock` decides what is due and may be virtual. `mark` ("REPLAY", "TEST") stands first in every message. A receiver
    that answers within `patience` seconds is quick: see `_Turns`.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        policy: Policy,
        clock: Callable[[], datetime],
        labels: Labels,
        *,
        timezone: tzinfo = BAGHDAD,
        mark: str = "",
        trace: Trace = lambda step: None,
        patience: float = 0.2,
    ) -> None:
        prepare_templates()
        self._store = store
        self._channels = dict(channels)
        self._settings: dict[str, AnyChannelSettings] = {name: one.settings for name, one in channels.items()}
        self._policy = policy
        self._clock = clock
        self._labels = labels
        self._timezone = timezone
        self._mark = mark
        self._trace = trace
        self._lease = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # SQLite makes a second writer sleep; a lock of our own wakes it at once
        self._busy: dict[str, int] = {}  # threads at work per channel
        self._idle = threading.Condition(self._lock)
        self._turns = _Turns(patience)
        self._handled = 0
        self._recovered = False
        self._unrecorded: dict[str, Settle] = {}
        self._buckets = {name: _Bucket(one.settings.per_second) for name, one in channels.items()}

    async def dispatch_due(self, *, wait: bool = True) -> int:
        """Send everything that is due; returns how many deliveries were settled or put off since the last call.

        With `wait=False` the sending only begins, so that a slow receiver never holds up the caller.
        """
        try:
            due = await _in_thread(self._prepare)
        except DBAPIError as error:
            # A full disk or a locked file: nothing is sent that could not be recorded. The next round tries again.
            log.error("outbox cannot be used", error=str(error.orig))
            return 0
        for name in due:
            self._start(name)
        if wait:
            await _in_thread(self._wait_idle)
        with self._lock:
            handled, self._handled = self._handled, 0
        return handled

    async def stop(self, deadline: float = 8.0) -> int:
        """Begin nothing more, let what is on its way finish for `deadline` seconds, and give the rest back.

        Returns how many were cut; they are sent again with the same id, by the next start.
        """
        self._stopping.set()
        await _in_thread(lambda: self._wait_idle(deadline))
        return await _in_thread(self._release)

    # --- one round ------------------------------------------------------------------------------------------------

    def _prepare(self) -> list[str]:
        """Put the outbox in order, and name the channels that have something to send."""
        now = self._clock()
        if not self._recovered:
            self._recover(now)
        self._record_owed()
        with self._store.read() as connection:
            arrange = outbox.must_arrange(connection, now)
        if arrange:
            with self._writing, self._store.write() as connection:
                outbox.silence_waiting(connection, now)
                outbox.gather(connection, self._labels, now)
        with self._store.read() as connection:
            return [name for name in self._channels if queue.any_due(connection, name, now)]

    def _recover(self, now: datetime) -> None:
        with self._writing, self._store.write() as connection:
            parked = queue.recover(connection, self._settings, now)
            if parked:
                names = ", ".join(sorted({one.channel for one in parked}))
                text = f"{len(parked)} waiting messages are parked: {names} is no longer configured or enabled"
                self._report(connection, Notice(f"parked:{names}", text), now)
        self._recovered = True

    def _start(self, name: str) -> None:
        with self._lock:
            free = self._settings[name].parallel - self._busy.get(name, 0)
            if self._stopping.is_set() or free <= 0:
                return
            self._busy[name] = self._busy.get(name, 0) + free
        for _ in range(free):
            # Daemon threads: one that hangs on a receiver must not keep the program from ending.
            threading.Thread(target=self._work, args=(name,), name=f"channel-{name}", daemon=True).start()

    def _work(self, name: str) -> None:
        try:
            delivery = self._commit(name)
            while delivery is not None:
                if self._buckets[name].take(self._stopping):
                    delivery = self._deliver(name, delivery)
                    with self._lock:
                        self._handled += 1
                else:
                    delivery = self._commit(name, delivery.id, self._put_back(delivery))
        finally:
            with self._idle:
                self._busy[name] -= 1
                self._idle.notify_all()

    def _deliver(self, name: str, delivery: Delivery) -> Delivery | None:
        """Send one and record it; returns the next."""
        try:
            message, envelope = self._compose(delivery)
        except DBAPIError as error:
            log.error("outbox cannot be read", channel=name, id=delivery.id, error=str(error.orig))
            self._commit(name, delivery.id, self._put_back(delivery))
            return None
        except Exception as error:  # noqa: BLE001  a fault of our own must set aside one message, not stop the channel
            return self._commit(name, delivery.id, self._settle_fault(delivery, error))
        with self._turns.taken(name) as turn:
            settle = self._send(delivery, message, envelope)
            turn.answered()
            return self._commit(name, delivery.id, settle)

    def _commit(self, name: str, done: str = "", settle: Settle | None = None) -> Delivery | None:
        """Record what came of a delivery and lease the next, both in one transaction."""
        try:
            with self._writing, self._store.write() as connection:
                if settle is not None:
                    settle(connection)
                now = self._clock()
                stopping = self._stopping.is_set()
                delivery = None if stopping else queue.claim(connection, name, self._lease, now)
        except DBAPIError as error:
            # What was sent is kept in memory to be recorded later, rather than sent twice; nothing new is begun.
            log.error("outbox cannot be written", channel=name, id=done, error=str(error.orig))
            if settle is not None:
                with self._lock:
                    self._unrecorded[done] = settle
            return None
        if settle is not None:
            self._trace("mark")
        if delivery is not None:
            self._trace("claim")
        return delivery

    def _send(self, delivery: Delivery, message: Message, envelope: Envelope) -> Settle:
        """Hand it to the channel; returns how to record what came of it."""
        try:
            receipt = self._channels[delivery.channel].send(message, envelope)
        except DeliveryError as error:
            return self._settle_failure(delivery, error)
        except Exception as error:  # noqa: BLE001  as above
            return self._settle_fault(delivery, error)
        log.info("delivered", id=delivery.id, channel=delivery.channel, attempt=delivery.attempts)
        return lambda connection: queue.record_sent(connection, delivery, receipt, self._clock())

    def _put_back(self, delivery: Delivery) -> Settle:
        return lambda connection: queue.put_back(connection, delivery, self._clock())

    def _compose(self, delivery: Delivery) -> tuple[Message, Envelope]:
        now = self._clock()
        with self._store.read() as connection:
            subject, root, receipt = queue.thread_of(connection, delivery)
            message: Message
            if delivery.kind == "incident":
                incident = queue.load_incident(connection, delivery.incident, delivery.revision)
                late = now - delivery.decided
                telling = Telling(
                    change=cast(ChangeKind, delivery.change),
                    changes=delivery.changes,
                    decided=delivery.decided,
                    late=late if late > self._policy.delayed_after else None,
                    subject=subject,
                    mark=self._mark,
                    acknowledged_by=queue.acknowledged_by(connection, delivery.incident),
                )
                message = compose(incident, telling, self._labels, self._timezone)
            else:
                plain = queue.load_list(connection, delivery.incident)
                message = replace(
                    plain,
                    mark=self._mark or plain.mark,
                    subject=marked(self._mark, plain.subject),
                    first_line=marked(self._mark, plain.first_line),
                )
        envelope = Envelope(
            id=delivery.id,
            recipient=delivery.recipient,
            at=now,
            root=root,
            root_receipt=receipt,
            minimal=delivery.minimal,
        )
        return message, envelope

    # --- what came of it ------------------------------------------------------------------------------------------

    def _settle_failure(self, delivery: Delivery, error: DeliveryError) -> Settle:
        why = str(error)
        log.warning("not delivered", id=delivery.id, channel=delivery.channel, attempt=delivery.attempts, why=why)

        def settle(connection: Connection) -> None:
            now = self._clock()
            match error:
                case TryLater():
                    alive = queue.record_retry(
                        connection,
                        delivery,
                        why,
                        now,
                        after=error.after,
                        ambiguous=error.ambiguous,
                        recipient_only=error.recipient_only,
                        throttled=error.throttled,
                    )
                    if not alive:
                        self._report_dead(connection, delivery, why, now)
                    elif not error.recipient_only:
                        self._report_down(connection, delivery, why, now)
                case TooLarge() if not delivery.minimal:
                    if not queue.record_retry(connection, delivery, why, now, minimal=True):
                        self._report_dead(connection, delivery, why, now)
                case ChannelRefused():
                    queue.record_off(connection, delivery, why, now)
                    text = f"the channel {delivery.channel} is off: {why}"
                    lines = (f"rasid deliveries resume {delivery.channel}",)
                    self._report(connection, Notice(f"off:{delivery.channel}", text, delivery.channel, lines), now)
                case Refused() | TooLarge() | _:
                    queue.record_dead(connection, delivery, why)
                    self._report_dead(connection, delivery, why, now)

        return settle

    def _settle_fault(self, delivery: Delivery, error: Exception) -> Settle:
        # Only the kind and the place: the text of a foreign exception may hold an address with a secret in it.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        why = f"fault in rasid: {type(error).__name__} at {frame.name}, line {frame.lineno}"
        log.error("message cannot be sent", id=delivery.id, channel=delivery.channel, why=why)

        def settle(connection: Connection) -> None:
            now = self._clock()
            if not queue.record_retry(connection, delivery, why, now, poison=True):
                self._report_dead(connection, delivery, why, now)

        return settle

    def _report_dead(self, connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
        if delivery.kind == "notice":
            return  # a notice about a notice would never end
        to = f"{delivery.channel} {delivery.recipient}".strip()
        text = f"a message could not be delivered to {to}: {why}"
        lines = (f"about {delivery.incident}, revision {delivery.revision}", f"rasid deliveries retry {delivery.id}")
        self._report(connection, Notice(f"dead:{to}", text, delivery.channel, lines), now)

    def _report_down(self, connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
        # When the circuit opens, or after half an hour for a message that waits alone.
        failures = queue.failures_in_a_row(connection, delivery.channel)
        if delivery.kind == "notice" or (failures < queue.BREAKER_AT and delivery.attempts < _WORTH_A_NOTICE):
            return
        text = f"the channel {delivery.channel} does not work: {why}"
        lines = ("its messages wait and are tried again for 75 hours",)
        self._report(connection, Notice(f"down:{delivery.channel}", text, delivery.channel, lines), now)

    def _report(self, connection: Connection, notice: Notice, now: datetime) -> None:
        outbox.plan_notice(connection, notice, self._settings, self._policy, now)

    def _record_owed(self) -> None:
        with self._lock:
            owed = dict(self._unrecorded)
        for id, settle in owed.items():
            with self._writing, self._store.write() as connection:
                settle(connection)
            with self._lock:
                self._unrecorded.pop(id, None)

    def _release(self) -> int:
        self._record_owed()
        with self._writing, self._store.write() as connection:
            return queue.release(connection, self._lease, self._clock())

    def _wait_idle(self, seconds: float | None = None) -> bool:
        with self._idle:
            return self._idle.wait_for(lambda: not any(self._busy.values()), seconds)


class _Bucket:
    """At most `rate` a second, two at once. In real time whatever the clock says: it is the receiver's patience."""

    def __init__(self, rate: float, burst: float = 2.0) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, time.monotonic()
        self._lock = threading.Lock()

    def take(self, stopping: threading.Event) -> bool:
        """Wait for leave to send; False if the program stops first."""
        if self._rate <= 0:
            return not stopping.is_set()
        with self._lock:
            at = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate) - 1
            self._at = at
            wait = max(0.0, -self._tokens / self._rate)
        return not stopping.wait(wait)


class _Turns:
    """Quick receivers take turns, from the sending to the record.

    A crash then catches one message between its receiver's yes and our record, and not one per thread. A receiver that
    takes longer than `patience` does not take part until it is quick again: several messages are then on their way to
    it at once, and a crash may double each of them, but nobody waits for it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience  # seconds
        self._free = threading.Condition()
        self._holder: _Turn | None = None
        self._slow: set[str] = set()

    @contextlib.contextmanager
    def taken(self, channel: str) -> Iterator[_Turn]:
        """Hold the turn for the length of the block."""
        turn = _Turn(channel)
        with self._free:
            self._await_turn(channel)
            turn.began = time.monotonic()
            if channel not in self._slow:
                self._holder = turn
        try:
            yield turn
        finally:
            with self._free:
                (self._slow.add if turn.took > self._patience else self._slow.discard)(channel)
                if self._holder is turn:
                    self._holder = None
                    self._free.notify()

    def _await_turn(self, channel: str) -> None:
        while self._holder is not None and channel not in self._slow:
            left = self._holder.began + self._patience - time.monotonic()
            if left <= 0:
                self._slow.add(self._holder.channel)
                return
            self._free.wait(left)


class _Turn:
    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.began = time.monotonic()
        self.took = 0.0

    def answered(self) -> None:
        """The receiver has answered: what comes after is our own time."""
        self.took = time.monotonic() - self.began


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Run blocking work without holding up the loop, in a thread that cannot keep the program from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if done.cancelled() else set_it())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  handed to the awaiting task, whatever it is
            fault = error
            settle(lambda: done.set_exception(fault))
        else:
            settle(lambda: done.set_result(result))

    threading.Thread(target=run, name="outbox", daemon=True).start()
    return await done
