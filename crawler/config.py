"""config.toml → typed settings. Every error of a file is listed at once, with file, key path and what to write.

Settings come from the file alone; only secrets come from the environment or from files (see alerts/settings.py).
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from cssselect import HTMLTranslator, SelectorError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from alerts.errors import SettingsError
from alerts.policy import Policy
from alerts.settings import ChannelSettings, ConsoleSettings, Duration, resolve_secrets
from crawler.errors import ConfigError
from crawler.scheduling import SLOWEST
from crawler.shipped import shipped
from pipelines.errors import LexiconError
from pipelines.lexicon import Kind, Lexicon, load_lexicon
from pipelines.models import Feed, FeedKind, Source, Stance, Watch

Table = dict[str, Any]


def _selector(text: str) -> str:
    if text:
        try:
            HTMLTranslator().css_to_xpath(text)
        except SelectorError as error:
            raise ValueError(f"{text!r} is no CSS selector: {error}") from error
    return text


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.split("://", 1)[1].split("/", 1)[0]:
        raise ValueError(f"{text!r} is no web address; it must begin with https:// or http://")
    return text


def _network(text: str) -> str:
    ip_network(text)
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is no time zone; write a name like Asia/Baghdad") from error
    return text


Selector = Annotated[str, AfterValidator(_selector)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedSettings(_Strict):
    """`[[sources.feeds]]`"""

    url: WebAddress
    kind: FeedKind = "feed"
    every: Duration = Field(default=timedelta(minutes=10))
    link: Selector = ""


class SourceSettings(_Strict):
    """`[[sources]]`"""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    language: Literal["ar", "en", "ckb", "fa"] = "ar"
    family: str = ""
    stance: Stance = "neutral"
    enabled: bool = True
    probation: bool = False
    trust: int = Field(default=2, ge=1, le=3)
    body: Selector = ""
    cut_at: list[str] = []
    feeds: list[FeedSettings] = []

    def source(self) -> Source:
        """The source as the rest of rasid knows it."""
        return Source(
            id=self.id,
            name=self.name,
            language=self.language,
            family=self.family or self.id,
            stance=self.stance,
            enabled=self.enabled,
            probation=self.probation,
            trust=self.trust,
            body=self.body,
            cut_at=tuple(self.cut_at),
            feeds=tuple(Feed(feed.url, feed.kind, feed.every, feed.link) for feed in self.feeds),
        )


class WatchSettings(_Strict):
    """`[watch]`"""

    groups: list[str] = Field(default=list(Watch().groups), min_length=1)
    governorates: list[str] = Field(default=list(Watch().governorates), min_length=1)
    lexicon: list[str] = []


class NetworkSettings(_Strict):
    """`[network]`"""

    allow_private: list[Annotated[str, AfterValidator(_network)]] = []
    delay: Duration = Field(default=timedelta(seconds=5))
    slowest: Duration = Field(default=SLOWEST)
    ca_file: str = ""  # extra certificate authority, for sites behind a private one


class Settings(_Strict):
    """The whole of config.toml."""

    extends: Literal["shipped", ""] = ""
    state: str = "state"
    database: str = "sqlite"
    contact: str = ""
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Baghdad"
    retention: Duration = Field(default=timedelta(days=365))
    watch: WatchSettings = WatchSettings()
    network: NetworkSettings = NetworkSettings()
    sources: list[SourceSettings] = []
    channels: dict[str, ChannelSettings] = {"console": ConsoleSettings(type="console")}
    policy: Policy = Policy()


@dataclass(frozen=True)
class Configuration:
    """Settings with what follows from them: where they came from, the sources, the lexicon."""

    path: Path
    settings: Settings
    lexicon: Lexicon
    state: Path  # folder of the store
    secrets: Mapping[
        str, Mapping[str, tuple[SecretStr, ...]]
    ]  # by channel and key; empty where they were not asked for
    replayed: tuple[Source, ...] = ()  # the outlets of a replay, in place of the sources of the file

    @property
    def sources(self) -> tuple[Source, ...]:
        """The enabled sources."""
        return self.replayed or tuple(source.source() for source in self.settings.sources if source.enabled)

    @property
    def lexicon_files(self) -> tuple[Path, ...]:
        """The user's own lexicon files."""
        return tuple(self.path.parent / name for name in self.settings.watch.lexicon)

    @property
    def watch(self) -> Watch:
        """The groups and governorates watched."""
        return Watch(tuple(self.settings.watch.groups), tuple(self.settings.watch.governorates))


def load(named: Path | None = None, *, secrets: bool = True) -> Configuration:
    """Read a configuration: the named file, else ./config.toml, else the shipped one.

    `secrets=False` leaves secrets unchecked, for commands that send nothing. Raises ConfigError with every problem.
    """
    path = named or (Path("config.toml") if Path("config.toml").exists() else shipped("config.toml"))
    table = _read(path)
    if table.get("extends") == "shipped":
        table = merge(_read(shipped("config.toml")), table)
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        problems += [_describe(path, table, fault) for fault in error.errors()]
    lexicon: Lexicon | None = None
    found: Mapping[str, Mapping[str, tuple[SecretStr, ...]]] = {}
    if settings is not None:
        problems += _inconsistencies(path, settings)
        if secrets:
            try:
                found = resolve_secrets(settings.channels, path.parent, os.environ)
            except SettingsError as error:
                problems += [f"{path}: {key}: {fault}" for key, fault in error.faults]
        try:
            lexicon = load_lexicon([path.parent / name for name in settings.watch.lexicon])
        except LexiconError as error:
            problems += str(error).splitlines()
        else:
            problems += _unknown_names(path, settings, lexicon)
    if problems or settings is None or lexicon is None:
        raise ConfigError(problems)
    return Configuration(path, settings, lexicon, _state_folder(path, settings), found)


def require_contact(configuration: Configuration) -> None:
    """Raises ConfigError if nobody could write to whoever runs this rasid: then it does not crawl."""
    if not configuration.settings.contact:
        raise ConfigError(
            [f'{configuration.path}: contact: is empty; sites must be able to reach you: contact = "desk@example.org"']
        )


def merge(base: Table, over: Table) -> Table:
    """`over` laid on `base`: tables by key, sources by id, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        if key == "sources" and isinstance(value, list):
            merged[key] = _merge_sources(base.get(key, []), value)
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value)
        else:
            merged[key] = value
    return merged


def _merge_sources(base: list[Table], over: list[Table]) -> list[Table]:
    changed = {table.get("id"): table for table in over}
    known = {table.get("id") for table in base}
    kept = [{**table, **changed.get(table.get("id"), {})} for table in base]
    return kept + [table for table in over if table.get("id") not in known]


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError([f"{path}: there is no such file; `rasid init` writes one"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is no valid TOML: {error}"]) from error
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from error


def _state_folder(path: Path, settings: Settings) -> Path:
    """Relative to the configuration file; with the shipped file to systemd's state folder or the current one."""
    if path == shipped("config.toml"):
        return Path(os.environ.get("STATE_DIRECTORY", ".")) / settings.state
    return path.parent / settings.state


# --- problems, in words -------------------------------------------------------------------------------------------


def _describe(path: Path, table: Table, fault: Any) -> str:
    location = [part for part in fault["loc"] if part not in _CHANNEL_TYPES]
    where = _key_path(table, location)
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _known_keys(location[:-1]), n=1)
        advice = f"; did you mean `{near[0]}`?" if near else f"; known keys: {', '.join(_known_keys(location[:-1]))}"
        return f"{path}: {where}: unknown key{advice}"
    if fault["type"] == "missing":
        return f"{path}: {where}: is missing"
    if fault["type"] == "literal_error":
        return f"{path}: {where}: {fault['input']!r} is none of {fault['ctx']['expected']}"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{path}: {where}: {message}"


_CHANNEL_TYPES = {"email", "slack", "webhook", "apprise", "console"}


def _key_path(table: Table, location: list[Any]) -> str:
    """`sources[shafaq_ar].feeds[0].every`: lists of sources are named by id, not by number."""
    path = ""
    here: Any = table
    for part in location:
        here = here[part] if _holds(here, part) else None
        if isinstance(part, int):
            name = here.get("id", part) if isinstance(here, dict) else part
            path += f"[{name}]"
        else:
            path += f".{part}" if path else str(part)
    return path or "the file"


def _holds(value: Any, key: Any) -> bool:
    if isinstance(value, dict):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)


def _known_keys(location: list[Any]) -> list[str]:
    """The keys a table may have, found by walking the models along a key path."""
    models: list[type[BaseModel]] = [Settings]
    for part in location:
        if isinstance(part, int):
            continue
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if fields:
            models = [model for field in fields for model in _models(field)]
    return sorted({name for model in models for name in model.model_fields})


def _models(field: FieldInfo | Any) -> list[type[BaseModel]]:
    annotation = field.annotation if isinstance(field, FieldInfo) else field
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (list, dict, Annotated, Union, UnionType):
        return [model for argument in get_args(annotation) for model in _models(argument)]
    return []


def _inconsistencies(path: Path, settings: Settings) -> list[str]:
    """What each key allows but the whole does not."""
    problems = []
    if settings.database != "sqlite":
        problems.append(f'{path}: database: only "sqlite" works so far; leave the key out, or write "sqlite"')
    for name, count in Counter(source.id for source in settings.sources).items():
        if count > 1:
            problems.append(f"{path}: sources[{name}]: this id is used {count} times; ids must differ")
    for url, count in Counter(feed.url for source in settings.sources for feed in source.feeds).items():
        if count > 1:
            problems.append(f"{path}: sources: the feed {url} is there {count} times; keep it once")
    for source in settings.sources:
        for number, feed in enumerate(source.feeds):
            if feed.kind == "listing" and not feed.link:
                problems.append(f"{path}: sources[{source.id}].feeds[{number}].link: a listing needs a CSS selector")
    if not any(channel.enabled for channel in settings.channels.values()):
        problems.append(
            f"{path}: channels: none is enabled, so nobody would be told; enable at least [channels.console]"
        )
    return problems


_WATCHED: tuple[tuple[str, Kind], ...] = (("groups", "group"), ("governorates", "governorate"))


def _unknown_names(path: Path, settings: Settings, lexicon: Lexicon) -> list[str]:
    """Groups and governorates that no lexicon file knows."""
    problems = []
    wanted = [("watch", settings.watch)] + [
        (f"channels.{name}", channel) for name, channel in settings.channels.items()
    ]
    for where, table in wanted:
        for key, kind in _WATCHED:
            known = [entity.id for entity in lexicon.of_kind(kind)]
            for name in getattr(table, key, ()):
                if name not in known:
                    near = difflib.get_close_matches(name, known, n=1)
                    advice = f"; did you mean `{near[0]}`?" if near else ""
                    problems.append(f"{path}: {where}.{key}: the lexicon knows no {kind} `{name}`{advice}")
    return problems
