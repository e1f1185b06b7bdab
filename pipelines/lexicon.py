"""What rasid knows by name: groups, people, places, actions, markers and collisions, read from TOML into one automaton.

The shipped files stand in `pipelines/lexicon/`; a user's own files add to them or override them by id. How an entry is
written is explained at the top of `lexicon/groups.toml`. Every form is brought to the one spelling of `text.fold`
before it is compared, so the files hold ordinary spelling.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

import ahocorasick

from pipelines.errors import LexiconError
from pipelines.models import EventType, Place
from pipelines.text import fold

Kind = Literal[
    "group", "body", "movement", "person", "other_group", "actor",
    "governorate", "place", "abroad", "action", "marker", "collision",
]  # fmt: skip

ALONE, DESCRIBED, SUPPORT, WEAK = 1.0, 0.6, 0.5, 0.2
_STRENGTHS = {"alone": ALONE, "described": DESCRIBED, "support": SUPPORT, "weak": WEAK}
_LANGUAGES = ("ar", "en", "ckb", "fa")
_NAMES = ("name_en", "name_ar", "short_en")
_KEYS: dict[Kind, frozenset[str]] = {
    "group": frozenset({"resolved_by", "unless", "noun"}),
    "body": frozenset({"group", "resolved_by"}),
    "movement": frozenset({"near", "hint"}),
    "person": frozenset({"near", "role", "local"}),
    "other_group": frozenset(),
    "actor": frozenset({"hint"}),
    "governorate": frozenset({"lat", "lon", "capital", "reporting"}),
    "place": frozenset({"kind", "governorate", "district", "lat", "lon", "unnamed", "hint"}),
    "abroad": frozenset(),
    "action": frozenset({"type", "weight"}),
    "marker": frozenset(),
    "collision": frozenset({"means"}),
}
_KINDS: tuple[Kind, ...] = tuple(_KEYS)
_FLAT: frozenset[Kind] = frozenset({"action", "marker", "collision"})  # forms directly under a language, no strengths
_PLACES = ("governorate", "place")


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing known by name. Fields that make no sense for its kind are empty."""

    id: str
    kind: Kind
    name_en: str = ""
    name_ar: str = ""
    short_en: str = ""
    group: str = ""  # body: the group it stands for; group: its own id
    near: str = ""  # movement, person: the group it belongs to without being it
    resolved_by: tuple[str, ...] = ()  # entities whose presence settles a short form
    unless: tuple[str, ...] = ()  # group: entities beside which what describes it means something else
    noun: str = ""  # group: a plain word ("bands") that is its short form only with the article
    role: str = ""
    local: str = ""  # person: the governorate where he holds his office
    governorate: str = ""
    district: str = ""
    place_kind: str = ""
    lat: float | None = None
    lon: float | None = None
    capital: bool = False  # outlets sit here: a dateline from here says little about where
    unnamed: bool = False  # a bag of small places, each named by its own form
    hint: bool = False  # force told beside it may be the groups' though nobody names them: for the digest
    event_type: EventType = EventType.NONE
    weight: float = 0.0

    def place(self, form: str = "") -> Place:
        """The entity as a place of a finding; `form` names one of a bag of small places."""
        spot = self.place_kind not in ("governorate", "district", "subdistrict", "oilfield_or_terminal", "marsh")
        elsewhere = self.place_kind in ("security_body", "hospital")  # who came, and where the wounded went
        return Place(
            id=f"{self.id}.{fold(form).replace(' ', '_')}" if self.unnamed and form else self.id,
            name_en=form if self.unnamed and form else self.name_en,
            name_ar=form if self.unnamed and form else self.name_ar,
            kind=self.place_kind,
            governorate=self.governorate,
            district=self.district,
            lat=self.lat,
            lon=self.lon,
            geo_precision=3 if self.place_kind == "governorate" or elsewhere else 1 if spot else 2,
        )


@dataclass(frozen=True, slots=True)
class Form:
    """One spelling of an entity, as the automaton knows it.

    `stem` is the folded literal; `tail` continues it where the form holds a wildcard. A name written with the Arabic
    article is stored without it and asks for the article (or لل) on its left.
    """

    entity: str
    kind: Kind
    stem: str
    tail: re.Pattern[str] | None
    language: str
    strength: float
    article: bool
    capitals: str  # non-empty: the original must be spelled so
    arabic: bool


class Lexicon:
    """All entities and the automaton over their forms. Immutable once loaded; safe to share."""

    def __init__(self, entities: Mapping[str, Entity], forms: Iterable[Form]) -> None:
        self.entities: Mapping[str, Entity] = dict(entities)
        self.automaton = ahocorasick.Automaton()
        self.squeezed = ahocorasick.Automaton()
        by_stem: dict[str, list[Form]] = {}
        squeezed: dict[str, list[Form]] = {}
        for form in forms:
            by_stem.setdefault(form.stem, []).append(form)
            if form.kind in ("group", "person") and form.strength == ALONE and form.arabic and not form.tail:
                joined = form.stem.replace(" ", "")
                if len(joined) >= _SQUEEZE_FROM:
                    squeezed.setdefault(joined, []).append(form)
        for stem, known in by_stem.items():
            names = any(form.kind not in ("action", "marker", "collision") for form in known)
            self.automaton.add_word(stem, (len(stem), tuple(known), names))
        for stem, known in squeezed.items():
            self.squeezed.add_word(stem, (len(stem), tuple(known), True))
        self.form_count = sum(len(known) for known in by_stem.values())
        if by_stem:
            self.automaton.make_automaton()
        if squeezed:
            self.squeezed.make_automaton()

    def entity(self, id: str) -> Entity:
        """The entity of this id. Raises KeyError with the nearest known id."""
        try:
            return self.entities[id]
        except KeyError:
            raise KeyError(f"{id!r} is not in the lexicon{_nearest(id, self.entities)}") from None

    def of_kind(self, kind: Kind) -> tuple[Entity, ...]:
        """All entities of one kind, in the order of the files."""
        return tuple(entity for entity in self.entities.values() if entity.kind == kind)


def load_lexicon(extra: Sequence[Path] = ()) -> Lexicon:
    """The shipped lexicon with the user's files over it. Cached by path and time of change.

    Raises LexiconError, naming file, key path and what to write instead, for every fault at once.
    """
    stamps = []
    for path in extra:
        try:
            stamps.append((str(path), path.stat().st_mtime_ns))
        except OSError as error:
            raise LexiconError(f"{path}: cannot be read ({error.strerror}); correct [watch] lexicon") from error
    return _load(tuple(stamps))


@lru_cache(maxsize=8)
def _load(extra: tuple[tuple[str, int], ...]) -> Lexicon:
    shipped = resources.files("pipelines").joinpath("lexicon")
    texts: list[tuple[str, bytes]] = [
        (f"lexicon/{item.name}", item.read_bytes())
        for item in sorted(shipped.iterdir(), key=lambda item: item.name)
        if item.name.endswith(".toml")
    ]
    texts += [(path, Path(path).read_bytes()) for path, _ in extra]
    reader = _Reader()
    for name, data in texts:
        reader.read(name, data)
    return reader.finish()


# --- reading ---------------------------------------------------------------------------------------------------------


class _Reader:
    """Collects entries of all files, and every fault with where it stands."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.forms: dict[str, list[Form]] = {}
        self.where: dict[str, str] = {}
        self.faults: list[str] = []

    def read(self, name: str, data: bytes) -> None:
        try:
            tables = tomllib.loads(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            self.faults.append(f"{name}: not UTF-8 at byte {error.start}; save the file as UTF-8")
            return
        except tomllib.TOMLDecodeError as error:
            self.faults.append(f"{name}: {error}")
            return
        for key, rows in tables.items():
            kind = next((kind for kind in _KINDS if kind == key), None)
            if kind is None:
                self.faults.append(f"{name}: {key}: unknown table{_nearest(key, _KINDS)}")
            elif not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                self.faults.append(f"{name}: {key}: write [[{key}]], not [{key}]")
            else:
                for number, row in enumerate(rows, 1):
                    self._entry(name, kind, row, number)

    def _entry(self, name: str, kind: Kind, row: dict[str, object], number: int) -> None:
        default = {"action": row.get("type"), "collision": f"collision.{name}.{number}"}.get(kind)
        id = row.get("id", default)
        where = f"{name}: [[{kind}]] {id if isinstance(id, str) else number}"
        if not isinstance(id, str) or not id:
            self.faults.append(f'{where}: id: write a short name such as "saraya_al_salam"')
            return
        if kind == "action":
            id = f"action.{id}"
        elif kind == "marker":
            id = f"marker.{id}"
        old = self.entities.get(id)
        if old is not None and old.kind != kind:
            self.faults.append(f"{where}: id: taken by a {old.kind} in {self.where[id]}; choose another")
            return
        strengths = () if kind in _FLAT else tuple(_STRENGTHS)
        allowed = {"id", "replace", *_NAMES, *_KEYS[kind], *(strengths or _LANGUAGES)}
        for key in row:
            if key not in allowed:
                self.faults.append(f"{where}: {key}: unknown key{_nearest(key, allowed)}")
        entity = self._entity(where, id, kind, row, old)
        if entity is None:
            return
        self.entities[id] = entity
        self.where.setdefault(id, name)
        if row.get("replace") is True:
            self.forms[id] = []
        forms = self.forms.setdefault(id, [])
        if kind in _FLAT:
            forms.extend(self._forms(where, entity, {k: v for k, v in row.items() if k in _LANGUAGES}, ALONE))
        for strength in strengths:
            table = row.get(strength, {})
            if not isinstance(table, dict):
                self.faults.append(f'{where}: {strength}: write {strength}.ar = ["…"], one list for each language')
                continue
            forms.extend(self._forms(f"{where}: {strength}", entity, table, _STRENGTHS[strength]))

    def _entity(self, where: str, id: str, kind: Kind, row: dict[str, object], old: Entity | None) -> Entity | None:
        before = len(self.faults)

        def text(key: str, default: str) -> str:
            value = row.get(key, default)
            if not isinstance(value, str):
                self.faults.append(f"{where}: {key}: {value!r} is not text")
                return default
            return value

        def number(key: str, default: float | None) -> float | None:
            value = row.get(key, default)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                self.faults.append(f"{where}: {key}: {value!r} is not a number")
                return default
            return None if value is None else float(value)

        def ids(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
            value = row.get(key, default)
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                self.faults.append(f"{where}: {key}: write a list of ids")
                return default
            return tuple(value)

        event = text("type", old.event_type.value if old else "none") if kind == "action" else "none"
        if event not in list(EventType):
            self.faults.append(
                f"{where}: type: {event!r} is no event type{_nearest(event, [known.value for known in EventType])}"
            )
            event = "none"
        name_en = text("means" if kind == "collision" else "name_en", old.name_en if old else id)
        place_kind = "governorate" if kind == "governorate" else text("kind", old.place_kind if old else "place")
        governorate = id if kind == "governorate" else text("governorate", old.governorate if old else "")
        if kind == "place" and not governorate:
            self.faults.append(f'{where}: governorate: missing; write the id of its governorate, such as "basra"')
        if kind == "body" and not text("group", old.group if old else ""):
            self.faults.append(f"{where}: group: missing; write the id of the group it stands for")
        entity = Entity(
            id=id,
            kind=kind,
            name_en=name_en,
            name_ar=text("name_ar", old.name_ar if old else name_en),
            short_en=text("short_en", (old.short_en if old else "") or name_en),
            group=id if kind == "group" else text("group", old.group if old else "") if kind == "body" else "",
            near=id if kind == "group" else text("near", old.near if old else "") if kind != "body" else "",
            resolved_by=ids("resolved_by", old.resolved_by if old else ()),
            unless=ids("unless", old.unless if old else ()),
            noun=text("noun", old.noun if old else "") if kind == "group" else "",
            role=text("role", old.role if old else ""),
            local=text("local", old.local if old else ""),
            governorate=governorate,
            district=id if place_kind == "district" else text("district", old.district if old else ""),
            place_kind=place_kind if kind in _PLACES else "",
            lat=number("lat", old.lat if old else None),
            lon=number("lon", old.lon if old else None),
            capital=row.get("capital", row.get("reporting", old.capital if old else False)) is True,
            unnamed=row.get("unnamed", old.unnamed if old else False) is True,
            hint=row.get("hint", old.hint if old else False) is True,
            event_type=EventType(event),
            weight=number("weight", old.weight if old else 0.0) or 0.0,
        )
        return entity if len(self.faults) == before else None

    def _forms(self, where: str, entity: Entity, table: Mapping[str, object], strength: float) -> Iterator[Form]:
        for language, written in table.items():
            if language not in _LANGUAGES:
                self.faults.append(f"{where}.{language}: unknown language{_nearest(language, _LANGUAGES)}")
                continue
            if not isinstance(written, list) or not all(isinstance(form, str) for form in written):
                self.faults.append(f'{where}.{language}: write a list of texts: ["…", "…"]')
                continue
            for text in written:
                try:
                    yield from _compile(entity, str(text), language, strength)
                except ValueError as error:
                    self.faults.append(f"{where}.{language}: {text!r}: {error}")

    def finish(self) -> Lexicon:
        for id, entity in self.entities.items():
            for key, target in (("governorate", entity.governorate), ("group", entity.group), ("near", entity.near)):
                if target and target not in self.entities:
                    self.faults.append(
                        f"{self.where[id]}: {id}: {key}: {target!r} is not in the lexicon"
                        f"{_nearest(target, self.entities)}"
                    )
        if self.faults:
            raise LexiconError("the lexicon has faults:\n" + "\n".join(f"  {fault}" for fault in self.faults))
        unique = {
            (form.entity, form.stem, form.tail and form.tail.pattern, form.article, form.language, form.capitals): form
            for forms in self.forms.values()
            for form in sorted(forms, key=lambda form: form.strength)
        }
        return Lexicon(self.entities, unique.values())


def _nearest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


# --- forms -----------------------------------------------------------------------------------------------------------

_SQUEEZE_FROM = 9  # letters: a shorter name run together is found inside ordinary words
_MAX_VARIANTS = 4096
_CHOICE = re.compile(r"\(([^()]*)\)")
_TOKEN = re.compile(r"(\([^()]*\)| \* |\*)")


def _compile(entity: Entity, written: str, language: str, strength: float) -> Iterator[Form]:
    """The forms one written form stands for. Raises ValueError with what is wrong."""
    exact = written.startswith("=")
    written = re.sub(" {2,}", " ", written.removeprefix("=").strip())
    # The verbs and nouns of actions have so many forms that only their first choice is written out; a name is written
    # out in full, so that the longest of several names is known by its length.
    head, rest = _first_choice(written) if entity.kind in ("action", "marker") else (written, "")
    for variant in _variants(head):
        literal, star, behind = variant.partition("*")
        tail = star + behind + rest
        stem = fold(literal)
        if not stem:
            raise ValueError("nothing before the *; begin with letters")
        if tail and literal.endswith(" "):
            stem += " "
        if len(stem.strip()) < 2:
            raise ValueError("too short: a form needs two letters or digits before any *")
        arabic = "\u0600" <= stem[0] <= "\u06ff"
        article = arabic and stem.startswith("ال") and language == "ar" and len(stem) > 4 and stem[2] != " "
        if article:
            stem = stem[2:]
        yield Form(
            entity=entity.id,
            kind=entity.kind,
            stem=stem,
            tail=_tail(tail) if tail else None,
            language=language,
            strength=strength,
            article=article,
            capitals=literal if exact else "",
            arabic=arabic,
        )


def _first_choice(written: str) -> tuple[str, str]:
    """The part to write out, up to the second choice or the first wildcard, and the rest."""
    seen = 0
    for token in _TOKEN.finditer(written):
        choice = token.group().startswith("(")
        seen += choice
        if seen == 2 or not choice:
            return written[: token.start()], written[token.start() :]
    return written, ""


def _variants(written: str) -> list[str]:
    parts = _CHOICE.split(written)
    if "(" in "".join(parts[::2]) or ")" in "".join(parts[::2]):
        raise ValueError("brackets do not pair; write (one|other)")
    choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(parts)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MAX_VARIANTS:
        raise ValueError(f"stands for {count} forms, at most {_MAX_VARIANTS}; split it")
    joined = (re.sub(" {2,}", " ", "".join(combination)) for combination in itertools.product(*choices))
    return [variant.lstrip() for variant in joined]


def _tail(rest: str) -> re.Pattern[str]:
    """What must follow the stem: "ab* cd" is any ending of ab, then cd; "ab * cd" up to seven words between."""
    pattern = ""
    optional = ""  # alternatives one of which is empty: the space behind them belongs to the others
    for token in _TOKEN.split(rest):
        if optional:
            space = " " if token.startswith(" ") and token != " * " else ""
            pattern += f"(?:(?:{optional}){space})?"
            optional, token = "", token[len(space) :]
        if token == " * ":
            pattern += r" (?:\S+ ){0,7}?"
        elif token == "*":
            pattern += r"\w*"
        elif token.startswith("("):
            choices = [_literal(choice) for choice in token[1:-1].split("|")]
            if "" in choices:
                optional = "|".join(choice for choice in choices if choice)
            else:
                pattern += "(?:" + "|".join(choices) + ")"
        elif token:
            pattern += _literal(token)
    return re.compile((pattern + (f"(?:{optional})?" if optional else "")) + r"(?!\w)")


def _literal(text: str) -> str:
    return re.escape(_keep(text)).replace(r"\*", r"\w*").replace(r"\ ", " ")


def _keep(text: str) -> str:
    """The folded literal with the spaces at its ends, which part it from its neighbours."""
    starred = "*".join(fold(piece) if piece.strip() else "" for piece in text.split("*"))
    return (" " if text.startswith(" ") else "") + starred + (" " if text.endswith(" ") and text.strip() else "")
