"""Sends what is due: lease a row, send it, record what came of it. Each channel has its own threads.

A slow or dead receiver never delays another channel; within one, messages on one incident to one recipient keep their
order. Nothing is decided here that policy.py or outbox.py can decide. The steps, of which `trace` is told once each is
done: `claim` (leased, on disk), `connect` (if it must), `DATA`, `final dot`, `250 read` (in the channel), `mark`
(recorded).
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
from alerts.queue import Delivery, Task
from alerts.settings import AnyChannelSettings
from pipelines.archive import Store
from pipelines.models import ChangeKind
from pipelines.summary import Labels

log = structlog.get_logger("alerts")
_WORTH_A_NOTICE = 4  # attempts, over 35 minutes
HANGS = 5.0  # seconds without an answer, after which others of the same channel wait no longer
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
        self._turns.stop()
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
            expired = queue.expired(connection, now)
        if arrange:
            with self._writing, self._store.write() as connection:
                outbox.silence_waiting(connection, now)
                outbox.gather(connection, self._labels, now)
        if expired:
            with self._writing, self._store.write() as connection:
                self._give_up(connection, now)
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
            task = self._commit(name)
            while task is not None:
                if self._buckets[name].take(self._stopping):
                    task = self._deliver(name, task)
                    with self._lock:
                        self._handled += 1
                else:
                    task = self._commit(name, task.delivery.id, self._put_back(task.delivery))
        finally:
            with self._idle:
                self._busy[name] -= 1
                last = not self._busy[name]
                self._idle.notify_all()
            if last:
                self._channels[name].rest()

    def _deliver(self, name: str, task: Task) -> Task | None:
        """Send one and record it; returns the next."""
        with self._turns.turn(name) as turn:
            settle = self._send(task, turn)
            return self._commit(name, task.delivery.id, settle)

    def _commit(self, name: str, done: str = "", settle: Settle | None = None) -> Task | None:
        """Record what came of a delivery and lease the next, both in one transaction."""
        try:
            with self._writing, self._store.write() as connection:
                if settle is not None:
                    settle(connection)
                now = self._clock()
                stopping = self._stopping.is_set()
                task = None if stopping else queue.claim(connection, name, self._lease, now)
        except DBAPIError as error:
            # What was sent is kept in memory to be recorded later, rather than sent twice; nothing new is begun.
            log.error("outbox cannot be written", channel=name, id=done, error=str(error.orig))
            if settle is not None:
                with self._lock:
                    self._unrecorded[done] = settle
            return None
        if settle is not None:
            self._trace("mark")
        if task is not None:
            self._trace("claim")
        return task

    def _send(self, task: Task, turn: _Turn) -> Settle:
        """Hand it to the channel; returns how to record what came of it."""
        delivery = task.delivery
        now = self._clock()
        try:
            message = self._compose(task, now)
            envelope = Envelope(
                id=delivery.id,
                recipient=delivery.recipient,
                at=now,
                root=task.root,
                root_receipt=task.root_receipt,
                minimal=delivery.minimal,
                keep=True,
                turn=turn.take,
            )
            receipt = self._channels[delivery.channel].send(message, envelope)
        except _Stopping:
            return self._put_back(delivery)
        except DeliveryError as error:
            return self._settle_failure(delivery, error)
        except Exception as error:  # noqa: BLE001  a fault of our own must set aside one message, not stop the channel
            return self._settle_fault(delivery, error)
        finally:
            turn.answered()
        log.info("delivered", id=delivery.id, channel=delivery.channel, attempt=delivery.attempts)
        return lambda connection: queue.record_sent(connection, delivery, receipt, self._clock())

    def _put_back(self, delivery: Delivery) -> Settle:
        def settle(connection: Connection) -> None:
            if queue.is_leased(connection, delivery.id, self._lease):
                queue.put_back(connection, delivery, self._clock())

        return settle

    def _compose(self, task: Task, now: datetime) -> Message:
        delivery = task.delivery
        if delivery.kind == "incident":
            late = now - delivery.decided
            telling = Telling(
                change=cast(ChangeKind, delivery.change),
                changes=delivery.changes,
                decided=delivery.decided,
                late=late if late > self._policy.delayed_after else None,
                subject=task.subject,
                mark=self._mark,
                acknowledged_by=task.acknowledged_by,
            )
            return compose(queue.INCIDENT.validate_json(task.document), telling, self._labels, self._timezone)
        plain = queue.LIST.validate_json(task.document)
        return replace(
            plain,
            mark=self._mark or plain.mark,
            subject=marked(self._mark, plain.subject),
            first_line=marked(self._mark, plain.first_line),
        )

    # --- what came of it ------------------------------------------------------------------------------------------

    def _settle_failure(self, delivery: Delivery, error: DeliveryError) -> Settle:
        why = str(error)
        log.warning("not delivered", id=delivery.id, channel=delivery.channel, attempt=delivery.attempts, why=why)

        def settle(connection: Connection) -> None:
            now = self._clock()
            if not queue.is_leased(connection, delivery.id, self._lease):
                return  # a stop has given it back: this failure says nothing about who sends it now
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
            if not queue.is_leased(connection, delivery.id, self._lease):
                return
            if not queue.record_retry(connection, delivery, why, now, poison=True):
                self._report_dead(connection, delivery, why, now)

        return settle

    def _give_up(self, connection: Connection, now: datetime) -> None:
        by_channel: dict[str, list[Delivery]] = {}
        for delivery in queue.expired(connection, now):
            queue.record_dead(connection, delivery, delivery.reason)
            if delivery.kind != "notice":  # a notice about a notice would never end
                by_channel.setdefault(delivery.channel, []).append(delivery)
        for channel, gone in by_channel.items():
            days = f"{queue.EXPIRY.days} days"
            text = f"{len(gone)} message{'s' if len(gone) > 1 else ''} to {channel} given up after {days}"
            lines = (gone[0].reason, "rasid deliveries --state dead", "rasid deliveries retry ID")
            log.error("messages given up", channel=channel, count=len(gone), why=gone[0].reason)
            self._report(connection, Notice(f"expired:{channel}", text, channel, lines), now)

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
    """Messages take turns from the step after which the receiver may have them to the record that it has.

    So a crash catches one message there, and not one per thread. Quick receivers, which answer within `patience`, share
    one turn. One that takes longer has a turn of its own until it is quick again, for nobody waits for another channel:
    a crash may then double one message more. Nor does a channel wait for ever for one answer: after HANGS seconds its
    next message goes on all the same, and a crash may double those too.
    """

    def __init__(self, patience: float) -> None:
        self._stopped = False
        self._patience = {"": patience}  # seconds; the turn that is shared has the empty name
        self._hangs = max(HANGS, patience)
        self._changed = threading.Condition()
        self._holders: dict[str, _Turn] = {}
        self._slow: set[str] = set()

    @contextlib.contextmanager
    def turn(self, channel: str) -> Iterator[_Turn]:
        """A turn that may be taken within the block, and is over at its end."""
        turn = _Turn(channel, self)
        try:
            yield turn
        finally:
            self._give_back(turn)

    def take(self, turn: _Turn) -> None:
        """Wait for the turn of the channel, and for the shared one if the channel is quick. Raises _Stopping."""
        with self._changed:
            self._await(turn, turn.channel)
            if turn.channel not in self._slow:
                self._await(turn, "")
            if self._stopped:
                raise _Stopping
            turn.began = time.monotonic()

    def stop(self) -> None:
        """Nobody takes a turn any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _await(self, turn: _Turn, name: str) -> None:
        while (holder := self._holders.get(name)) is not None and not self._stopped:
            left = holder.began + self._patience.get(name, self._hangs) - time.monotonic()
            if holder.took is not None:
                self._changed.wait()  # it has its answer: the record is our own time, and short
            elif left > 0:
                self._changed.wait(left)
            else:
                self._slow.add(holder.channel)
                break
            if not name and turn.channel in self._slow:
                return
        self._holders[name] = turn

    def _give_back(self, turn: _Turn) -> None:
        with self._changed:
            if turn.took is not None:
                (self._slow.add if turn.took > self._patience[""] else self._slow.discard)(turn.channel)
            for name in [name for name, holder in self._holders.items() if holder is turn]:
                del self._holders[name]
            self._changed.notify_all()


class _Stopping(Exception):
    """The program stops, and the receiver was not asked yet."""


class _Turn:
    def __init__(self, channel: str, turns: _Turns) -> None:
        self.channel = channel
        self.began = 0.0
        self.took: float | None = None  # seconds the receiver needed; None: it was never asked
        self._turns = turns

    def take(self) -> None:
        """Wait for it. To be called when all is ready but the step after which the receiver may have the message."""
        self.began = time.monotonic()
        self._turns.take(self)

    def answered(self) -> None:
        """The receiver has answered: what comes after is our own time."""
        if self.began:
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
