"""The real daemon beside every trouble at once: `python -m tests.benchmarks.soak --minutes 10` (a minute does, too).

Two dozen sites misbehave, each in its own way and on its own loopback address; four others publish reports of distinct
incidents, one of them through a feed that fails every other time. At the end the sites' own logs and the receivers'
mail are read: every report delivered exactly once, no request that manners forbid, memory flat, the log readable.
Prints a table; the exit code is 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import email
import gzip
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.policy import default
from email.utils import format_datetime
from itertools import count, pairwise
from pathlib import Path

from tests.origin import Answer, Asked, Origin, Script, rss
from tests.world import WEATHER, Outlet, World, open_world

SPOTS = [
    *(
        ("البصرة", spot)
        for spot in ("أبي الخصيب", "الزبير", "القرنة", "الفاو", "شط العرب", "المدينة", "الهارثة", "الدير")
    ),
    *(("واسط", spot) for spot in ("الكوت", "الصويرة", "العزيزية", "النعمانية", "بدرة", "الحي")),
]
ACTS = [
    (
        "مقتل ثلاثة من عناصر عصائب أهل الحق بهجوم مسلح في {spot}",
        "أفاد مصدر أمني في محافظة {governorate}، اليوم، بمقتل ثلاثة من عناصر عصائب أهل الحق بهجوم مسلح شنه مجهولون في "
        "قضاء {spot}.",
    ),
    (
        "اختطاف قيادي في سرايا السلام في {spot}",
        "أفاد مصدر أمني في محافظة {governorate}، اليوم، بأن مسلحين مجهولين اختطفوا قيادياً في سرايا السلام من منزله في "
        "قضاء {spot}.",
    ),
]
REPORTS = [  # of distinct incidents
    (title.format(spot=spot), body.format(spot=spot, governorate=governorate))
    for title, body in ACTS
    for governorate, spot in SPOTS
]
PAGES = {  # told by sites with bad pages, so by what their feed says alone
    f"/page{number}": f"اختطاف قيادي في سرايا السلام في قضاء {spot} بمحافظة واسط"
    for number, (_, spot) in enumerate(SPOTS[-5:])
}
WAIT = 20  # seconds of Retry-After that one site asks for
MOST_MEMORY = 350  # MB, of the daemon with its worker
GROWTH = 1.05  # of the daemon, from after its warm-up to the end


# --- the sites -------------------------------------------------------------------------------------------------------


@dataclass
class Site:
    """A site of its own address, and what its log must show."""

    name: str
    origin: Origin
    check: Callable[[Origin], str] = lambda origin: ""
    kind: str = "feed"
    sees_hang_ups: bool = True  # one that sleeps while it answers does not know that the asker is long gone


def troubles(stack: ExitStack, trap: Origin) -> Iterator[Site]:
    """Every trouble. Those whose pages are bad have one report each, which must be told by what the feed says of it."""
    numbers = count(20)

    def site(
        name: str, feed: Script | list[Script], check: Callable[[Origin], str] = lambda o: "", **more: bool
    ) -> Site:
        origin = stack.enter_context(Origin(f"127.0.0.{next(numbers)}"))
        origin["/feed"] = feed
        return Site(name, origin, check, **more)

    def forbidden(name: str, robots: Answer) -> Site:
        found = site(name, Answer(rss(("https://x.example/1", "طقس الجمعة"))), _never_asked)
        found.origin["/robots.txt"] = robots
        return found

    etags, now = count(), format_datetime(datetime.now(UTC))
    yield site("500", Answer(status=500))
    yield site("403", Answer(b"no", 403))
    yield site("410", Answer(status=410))
    yield site(f"429, Retry-After {WAIT}", Answer(status=429, headers={"Retry-After": str(WAIT)}), _waited)
    yield site("503, Retry-After 3600", Answer(status=503, headers={"Retry-After": "3600"}), _asked_once)
    yield site("HTML instead of a feed", Answer(b"<html><body><h1>Welcome</h1></body></html>"))
    yield site("empty", Answer(b""))
    yield site("cut off", Answer(rss(("https://x.example/1", "x")), headers={"Content-Length": "100000"}))
    yield site("a byte a second", Answer(chunks=[b"<"] * 90, pause=1.0), sees_hang_ups=False)
    yield site("hangs", Answer(hang=True), sees_hang_ups=False)
    yield site("gzip bomb", Answer(gzip.compress(b"a" * 80_000_000), headers={"Content-Encoding": "gzip"}))
    yield site("body without end", lambda asked: Answer(chunks=(b"a" * 65_536 for _ in count())))
    yield site("headers without end", Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: aaaaaaaaaaaaaaaa\r\n" * 80_000))
    yield site("redirect loop", Answer(status=302, headers={"Location": "/feed"}))
    yield site("redirect to a private address", Answer(status=302, headers={"Location": trap.url("/inside")}))
    yield site("redirect to 169.254.169.254", Answer(status=301, headers={"Location": "http://169.254.169.254/"}))
    yield site("entity bomb", Answer(_entity_bomb()))
    yield forbidden("robots.txt forbids", Answer(b"User-agent: *\nDisallow: /\n"))
    yield forbidden("robots.txt fails", Answer(status=503))
    yield site("always 304", Answer(status=304))
    body = rss(("https://x.example/2", "طقس الخميس"))
    yield site(
        "ETag that flips",
        lambda asked: Answer(body, headers={"ETag": f'"{next(etags)}"', "Set-Cookie": "who=me"}),
        _unconditional_once,
    )
    pages: dict[str, Answer] = {
        "page of <p> soup": Answer(b"<html><body>" + b"<p>a" * 1_000_000, headers={"Content-Type": "text/html"}),
        "page 404": Answer(b"nothing", 404),
        "page 500": Answer(b"broken", 500),
        "page without end": Answer(chunks=[b"<p>" + b"a" * 65_536] * 200, headers={"Content-Type": "text/html"}),
        "page that is a film": Answer(b"\0" * 100_000, headers={"Content-Type": "video/mp4"}),
    }
    for (name, page), (path, title) in zip(pages.items(), PAGES.items(), strict=True):
        found = site(name, Answer(b""), _page_asked)
        found.origin["/feed"] = Answer(rss((found.origin.url(path), title), date=now), headers={"ETag": '"a"'})
        found.origin[path] = page
        yield found


def _entity_bomb() -> bytes:
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 10}">' for level in range(9)
    )
    return f"<?xml version='1.0'?><!DOCTYPE r [{entities}]><rss><channel><title>&j;</title></channel></rss>".encode()


class Moody:
    """An outlet whose feed fails every other time, each time in another way."""

    def __init__(self, origin: Origin) -> None:
        self.outlet = Outlet(origin)
        self._turn = count()
        self._well = self.outlet._feed
        self._moods = (
            Answer(status=500),
            Answer(b"<html><body>Back soon</body></html>", headers={"Content-Type": "text/html"}),
            Answer(b""),
            Answer(b"<rss>", headers={"Content-Length": "5000"}),
            Answer(raw=b"nonsense\r\n\r\n"),
        )
        origin["/feed.xml"] = self._feed

    def _feed(self, asked: Asked) -> Answer:
        turn, ill = divmod(next(self._turn), 2)
        return self._moods[turn % len(self._moods)] if ill else self._well(asked)


class MisSpelt(Outlet):
    """An outlet that writes windows-1256 and says UTF-8."""

    def _feed(self, asked: Asked) -> Answer:
        answer = super()._feed(asked)
        return Answer(answer.body.decode().encode("cp1256", "replace"), answer.status, answer.headers)


# --- what their logs must show ---------------------------------------------------------------------------------------


def _waited(origin: Origin) -> str:
    times = [one.at for one in origin.requests()]
    early = [after - before for before, after in pairwise(times) if after - before < WAIT - 0.1]
    return f"asked again after {min(early):.1f} s" if early else ""


def _asked_once(origin: Origin) -> str:
    return "" if len(origin.requests()) == 1 else f"asked {len(origin.requests())} times"


def _never_asked(origin: Origin) -> str:
    return f"asked for {origin.requests()[0].path}" if origin.requests() else ""


def _page_asked(origin: Origin) -> str:
    asked = sum(one.path in PAGES for one in origin.requests())
    return "" if 1 <= asked <= 3 else f"its page was asked for {asked} times"


def _unconditional_once(origin: Origin) -> str:
    plain = ["if-none-match" not in one.headers for one in origin.requests() if one.path.startswith("/feed")]
    return "" if plain and plain[0] and not any(plain[1:]) else f"{sum(plain)} of {len(plain)} unconditional"


def _always(site: Site) -> list[str]:
    """What holds for every site."""
    wrong = [site.check(site.origin)]
    paths = [one.path for one in site.origin.log]
    if paths and (paths[0] != "/robots.txt" or (paths.count("/robots.txt") != 1 and "robots" not in site.name)):
        wrong.append(f"robots.txt asked {paths.count('/robots.txt')} times, first {paths[0]}")
    wrong += [f"{name} sent" for one in site.origin.log for name in ("cookie", "referer") if name in one.headers][:1]
    if not all("test@example.org" in one.headers.get("user-agent", "") for one in site.origin.log):
        wrong.append("no contact in the user agent")
    busiest = max(site.origin.busiest.values(), default=0)
    if busiest > 1 and site.sees_hang_ups:
        wrong.append(f"{busiest} requests at once")
    return [one for one in wrong if one]


# --- the run ---------------------------------------------------------------------------------------------------------


@dataclass
class Soak:
    """One run and what it measures."""

    world: World
    sites: list[Site]
    outlets: list[Outlet]
    trap: Origin
    published: dict[str, str] = field(default_factory=dict)  # the name of a report's page → its title
    told: dict[str, float] = field(default_factory=dict)  # seconds from publishing to the receiver
    memory: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, KB of the daemon, KB of its worker

    def run(self, seconds: float) -> None:
        """Publish for four fifths of the time, and give what is left to the last of it."""
        self.world.start()
        begun = time.monotonic()
        every, reports, fillers = seconds * 0.8 / len(REPORTS), iter(REPORTS[: -len(PAGES)]), count()
        self.published.update((path.removeprefix("/"), title) for path, title in PAGES.items())
        at = dict.fromkeys(PAGES.values(), begun)
        due = filler_due = begun + min(5.0, seconds / 10)
        while (now := time.monotonic()) - begun < seconds:
            if now >= due and (report := next(reports, None)) is not None:
                name = f"report{len(self.published)}"
                self.outlets[len(self.published) % len(self.outlets)].publish(name, *report)
                self.published[name], at[report[0]] = report[0], now
                due += every
            if now >= filler_due:  # no news: pages to fetch and read all along
                number = next(fillers)
                outlet = self.outlets[number % 2]
                outlet.publish(f"filler{number}", f"{WEATHER[0]} {number}", f"{number} {WEATHER[1]} " * 20)
                del outlet.items[40:]
                filler_due += 1.5
            for title in self._told_by_hook():
                self.told.setdefault(title, now - at[title])
            self._measure(now - begun)
            time.sleep(0.25)

    def _told_by_hook(self) -> Counter[str]:
        titles = [
            source["title"] for one in list(self.world.hook.requests) for source in one.json["data"].get("sources", ())
        ]
        return Counter(title for title in titles if title in self.published.values())

    def _told_by_mail(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for _, data in self.world.inbox.mails:
            text = email.message_from_bytes(data, policy=default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
            pages = {word.rpartition("/")[2] for word in text.split()}
            found.update(title for name, title in self.published.items() if name in pages)
        return found

    def _measure(self, at: float) -> None:
        assert self.world.process is not None
        daemon = self.world.process.pid
        if self.memory and at - self.memory[-1][0] < 1:
            return
        self.memory.append((at, rss_of(daemon), sum(rss_of(child) for child in children(daemon))))

    def verdicts(self, seconds: float) -> Iterator[tuple[str, str, list[str]]]:
        """Rows of the table: what, figures, what is wrong."""
        for way, told in (("webhook", self._told_by_hook()), ("mail", self._told_by_mail())):
            missing = [title for title in self.published.values() if not told[title]]
            doubled = [title for title in self.published.values() if told[title] > 1]
            wrong = [f"never told: {title}" for title in missing] + [
                f"told {told[one]} times: {one}" for one in doubled
            ]
            yield f"reports told by {way}", f"{len(told)} of {len(REPORTS)}", wrong
        late = sorted(self.told.values())
        yield "published to received", f"median {statistics.median(late):.1f} s, last {late[-1]:.1f} s", []
        for site in self.sites:
            yield f"site: {site.name}", f"{len(site.origin.log)} requests", _always(site)
        inside = len(self.trap.log)
        yield "private address", f"{inside} requests", ["was connected to"] if inside else []
        fifth = len(self.memory) // 5
        early = statistics.median(daemon for _, daemon, _ in self.memory[fifth : 2 * fifth]) / 1024
        late_mb = statistics.median(daemon for _, daemon, _ in self.memory[-fifth:]) / 1024
        yield (
            "memory of the daemon",
            f"{early:.0f} MB in the second fifth, {late_mb:.0f} MB in the last",
            [f"grew by {late_mb / early - 1:.0%}"] if late_mb > early * GROWTH else [],
        )
        usual = statistics.median(daemon + worker for _, daemon, worker in self.memory) / 1024
        peak = max(daemon + worker for _, daemon, worker in self.memory) / 1024
        yield (
            "memory with the worker",
            f"usually {usual:.0f} MB, peak {peak:.0f} MB",
            [f"more than {MOST_MEMORY} MB"] if peak > MOST_MEMORY else [],
        )
        lines = self.world.log.splitlines()
        odd = [line for line in lines if "Traceback" in line or "a step failed" in line]
        yield (
            "log",
            f"{len(lines) / seconds * 60:.0f} lines a minute",
            [f"{len(odd)} tracebacks: {odd[0]}"] if odd else [],
        )


def rss_of(pid: int) -> int:
    """The resident memory of a process in KB; 0 when there is none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have; any of its threads may have."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *children(child)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--log", type=Path, help="keep the daemon's log here")
    arguments = parser.parse_args()
    seconds = arguments.minutes * 60
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rasid-soak-")))
        world = stack.enter_context(open_world(folder))
        trap = stack.enter_context(Origin("127.9.0.1"))  # outside of what the configuration allows
        sites = list(troubles(stack, trap))
        good = [stack.enter_context(Origin(f"127.0.0.{number}")) for number in (10, 11, 12)]
        outlets = [world.outlet, Outlet(good[0]), MisSpelt(good[1]), Moody(good[2]).outlet]
        checked = [Site("good", world.origin, _unconditional_once), Site("good, too", good[0], _unconditional_once)]
        checked += [Site("windows-1256 said to be UTF-8", good[1], _unconditional_once), Site("moody", good[2])]
        feeds = [site.origin.url("/feed") for site in sites] + [outlet.feed for outlet in outlets[1:]]
        world.configure("flood_limit = 100000\n")
        sources = "".join(
            f'[[sources]]\nid = "s{number}"\nname = "S{number}"\nlanguage = "ar"\n'
            f'[[sources.feeds]]\nurl = "{url}"\nevery = "1s"\n\n'
            for number, url in enumerate(feeds)
        )
        text = world.config.read_text(encoding="utf-8").replace("127.0.0.0/8", "127.0.0.0/16")
        world.config.write_text(text.replace("[channels.desk]", sources + "[channels.desk]", 1), encoding="utf-8")
        soak = Soak(world, [*checked, *sites], outlets, trap)
        soak.run(seconds)
        code = world.stop()
        rows = [*soak.verdicts(seconds), ("end", f"exit {code}", [] if code == 0 else ["not stopped cleanly"])]
        if arguments.log:
            arguments.log.write_text(world.log, encoding="utf-8")
    for what, figures, wrong in rows:
        print(f"{'WRONG' if wrong else 'ok':5}  {what:32}  {figures}", *(f"\n         {one}" for one in wrong), sep="")
    return int(any(wrong for _, _, wrong in rows))


if __name__ == "__main__":
    sys.exit(main())
