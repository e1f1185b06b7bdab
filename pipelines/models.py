"""The words of rasid as frozen data, in the order in which a report meets them.

Source and Feed say where news comes from; an Entry is an item seen in a feed, a Page what its link answered, an
Article the two read together. Mention and Finding say what is in it, an Incident what happened in the world.
All times are aware and in UTC; all dates are calendar days in Iraq (Asia/Baghdad).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

Language = str  # "ar", "en", "ckb", "fa"
Stance = Literal["neutral", "state", "faction"]
FeedKind = Literal["feed", "sitemap", "listing"]
Verdict = Literal["alert", "digest", "none"]
Status = Literal["open", "closed", "retracted"]
ChangeKind = Literal["new", "update", "corroborated", "retracted"]
PassageField = Literal["title", "summary", "lead", "description", "body"]
BodyState = Literal["full", "thin", "missing"]


class EventType(StrEnum):
    """What was done. The spelling is the one of labelled cases and of every output."""

    ARMED_CLASH = "armed_clash"
    ASSASSINATION = "assassination"
    ASSASSINATION_ATTEMPT = "assassination_attempt"
    SHOOTING = "shooting"
    SHOW_OF_FORCE = "show_of_force"
    DEPLOYMENT = "deployment"
    ARREST = "arrest"
    ATTACK_ON_OFFICE = "attack_on_office"
    BOMBING = "bombing"
    ABDUCTION = "abduction"
    THREAT = "threat"
    PROTEST = "protest"
    ORDER_OR_STATEMENT = "order_or_statement"
    POLITICAL = "political"
    OTHER = "other"
    NONE = "none"


class Severity(StrEnum):
    """The impact of an incident, apart from how sure it is (as in CAP 1.2)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (low) to 3 (critical)."""
        return list(Severity).index(self)


class Certainty(StrEnum):
    """How sure it is that the incident happened, apart from its impact (as in CAP 1.2)."""

    UNKNOWN = "unknown"
    POSSIBLE = "possible"
    LIKELY = "likely"
    OBSERVED = "observed"

    @property
    def rank(self) -> int:
        """0 (unknown) to 3 (observed)."""
        return list(Certainty).index(self)


# --- where news comes from ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feed:
    """One URL polled: RSS, Atom or JSON Feed (`feed`), a news sitemap, or an HTML listing page."""

    url: str
    kind: FeedKind = "feed"
    every: timedelta = timedelta(minutes=10)
    link: str = ""  # listing: CSS selector of the links to articles


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher watched. Two sources of one `family` are one voice when sources are counted."""

    id: str
    name: str
    language: Language = "ar"
    family: str = ""
    stance: Stance = "neutral"
    enabled: bool = True
    probation: bool = False
    trust: int = 2  # 1 weak … 3 strong
    body: str = ""  # CSS selector of the article body
    cut_at: tuple[str, ...] = ()  # headings after which a page is furniture
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """What the user wants to hear of: these groups in these governorates (ids of the lexicon)."""

    groups: tuple[str, ...] = ("saraya_al_salam", "asaib_ahl_al_haq")
    governorates: tuple[str, ...] = ("basra", "wasit")


# --- a report on its way -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An item seen in a feed. `content` is full text the feed itself carried, as plain text; often empty."""

    link: str
    guid: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    published: datetime | None = None  # None: no date, or none that can be believed
    publisher: str = ""  # an aggregator's word for who wrote it (RSS <source>)


@dataclass(frozen=True, slots=True)
class Page:
    """What a link answered, decoded by Scrapy. `url` is the address after redirects."""

    url: str
    html: str


@dataclass(frozen=True, slots=True)
class Article:
    """An entry with its page: the whole text there is to judge. All texts are plain, in original spelling."""

    id: str  # from the canonical link: the same report is the same article under every address
    source: Source
    url: str
    title: str
    body: str
    published: datetime
    first_seen: datetime
    summary: str = ""  # of the feed
    lead: str = ""  # of the page, where it stands apart from the body
    description: str = ""  # og:description or meta description
    language: Language = "ar"
    dated: bool = True  # False: no believable date; `published` is then when rasid first saw it
    backlog: bool = False  # undated and found on a feed's first poll: of unknown age, so never told as news
    body_state: BodyState = "full"  # thin: much shorter than this source's usual; missing: the page could not be had


@dataclass(frozen=True, slots=True)
class Mention:
    """A known name in a text: `text[start:end]` is the form found, in the original spelling."""

    entity: str
    kind: str  # group, person, place, action, …: see the lexicon
    start: int
    end: int
    form: str
    strength: float = 1.0  # 0 … 1: how surely this form means this entity here


@dataclass(frozen=True, slots=True)
class Place:
    """A known place. `geo_precision` as in ACLED: 1 the spot or town, 2 near or district, 3 governorate only."""

    id: str
    name_en: str
    name_ar: str
    kind: str  # governorate, district, subdistrict, city, neighbourhood, street, landmark, …
    governorate: str
    district: str = ""
    lat: float | None = None
    lon: float | None = None
    geo_precision: int = 3


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the report that proves a finding; `marks` are the matched spans within `text`."""

    field: PassageField
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One named reason for or against a finding: `weight` is what it added to the score."""

    name: str
    weight: float
    why: str  # in words a reader can check


@dataclass(frozen=True, slots=True)
class Finding:
    """One activity reported by one article.

    `groups` are those that act or are acted upon; empty when the report does not name them. `event_date` is the day
    in Iraq on which it happened, None when the text does not allow one; `time_precision` as in ACLED: 1 the day,
    2 within the week, 3 the month or worse. `killed` and `injured` are None when the text gives no number.
    """

    id: str
    article: str
    groups: tuple[str, ...]
    governorates: tuple[str, ...]
    event_type: EventType
    verdict: Verdict
    score: float  # 0 … 1; the alert threshold is documented in findings.py
    districts: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    event_date: date | None = None
    time_precision: int = 3
    killed: int | None = None
    injured: int | None = None
    people: tuple[str, ...] = ()  # ids of known leaders named in the passages
    tags: tuple[str, ...] = ()  # denial, hearsay, official, background, … : see findings.py
    passages: tuple[Passage, ...] = ()
    features: tuple[Feature, ...] = ()
    why: tuple[str, ...] = ()


# --- what happened in the world ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """A toll as reported: the lowest and the highest number any source gives."""

    min: int
    max: int


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one article contributes to an incident: who says so, where to read it, and its tolls."""

    source: str  # id
    name: str
    family: str
    stance: Stance
    trust: int
    title: str
    url: str
    language: Language
    published: datetime
    article: str
    killed: int | None = None
    injured: int | None = None
    copy_of: str = ""  # article id this one repeats almost word for word: counts as no new voice
    backlog: bool = False  # of unknown age: see Article
    tags: tuple[str, ...] = ()  # of its findings here: denial, hearsay, official


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, as of one numbered revision. The same fields, in this order, are its JSON."""

    id: str
    revision: int
    status: Status
    change: ChangeKind
    severity: Severity
    certainty: Certainty
    event_type: EventType
    groups: tuple[str, ...]
    governorates: tuple[str, ...]
    districts: tuple[str, ...]
    places: tuple[Place, ...]
    event_date: date | None
    time_precision: int
    killed: Range | None
    injured: Range | None
    headline: str
    headline_lang: Language
    summary_en: str
    sources: tuple[SourceReport, ...]
    independent_sources: int
    findings: tuple[Finding, ...]
    first_seen: datetime
    updated: datetime
    published: datetime | None  # of the newest report of known age: what makes it news or history; None: unknown age
    changed: tuple[str, ...] = field(default=())  # what this revision changes, in words: "killed 1 → 3"
    related: tuple[str, ...] = ()  # ids of incidents it follows from

    @property
    def doubtful(self) -> bool:
        """True while no finding was sure enough for an alert: such an incident is told in the digest only."""
        return not any(finding.verdict == "alert" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Revision:
    """A step in the life of an incident: `previous` is None when it is new."""

    previous: Incident | None
    current: Incident
