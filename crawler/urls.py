"""Links: which one report has, whatever address it was met under.

w3lib knows the general rules; those of single sites are data in urls.toml. (courlan was tried: it drops parameters like
`cid` and `source` that number the articles of some sites.)
"""

from __future__ import annotations

import base64
import binascii
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

MAX_LENGTH = 2_048  # characters; longer ones are traps
_MIRRORS = re.compile(r"^(?:www\d?|m|mobile|amp|mail|ftp|web)\.(?=[^.]+\.)")
_NO_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|pdf|docx?|xlsx?|pptx?|zip|rar|gz|mp3|m4a|mp4|m3u8|avi|mov|webm|css|js|exe|apk)$",
    re.IGNORECASE,
)


def canonical(url: str) -> str:
    """The one form of `url` under which its report is known. It identifies; what is fetched is the link as it came.

    Scheme and mirror hosts (www., m., amp., mail., ftp.), tracking parameters, fragments, AMP and print paths, trailing
    slashes and the case of percent-encoding do not count; for sites that number their articles only the number does.
    Idempotent. A text that is no http(s) URL comes back stripped.
    """
    for _ in range(5):  # what one rule uncovers, another may take: until nothing changes
        before, url = url, _canonical(url)
        if url == before:
            break
    return url


def _canonical(url: str) -> str:
    url = _unwrapped(url.strip())
    try:
        parts = urlsplit(canonicalize_url(safe_url_string(url), keep_fragments=False))
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not host:
        return url
    while (bare := _MIRRORS.sub("", host)) != host:
        host = bare
    rule = _rule(host)
    host = rule.host or host
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    number = rule.number(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    if number:
        return f"https://{host}/{number}"
    path = _AMP_PATH.sub("", re.sub(r"/{2,}", "/", parts.path))
    return urlunsplit(("https", host, path.rstrip("/"), _query(parts.query, rule.drop), ""))


def is_crawlable(url: str) -> bool:
    """Whether `url` can be the page of a report: an http(s) address with a host, no file, no `\\` or white space.

    Addresses and their networks are judged when they are connected to, not here.
    """
    if len(url) > MAX_LENGTH or re.search(r"[\s\\\x00-\x1f]", url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in ("http", "https") or not host or parts.username is not None:
        return False
    return not _NO_PAGES.search(parts.path)


def resolve(link: str, base: str) -> str:
    """`link` as found on the page `base`, made absolute; "" if that is no page that can be fetched."""
    try:
        absolute = urljoin(base, link.strip())
    except ValueError:
        return ""
    return absolute.split("#", 1)[0] if is_crawlable(absolute) else ""


def site(url: str) -> str:
    """The registrable domain of a URL ("bbc.co.uk"), or its host where there is none (addresses, localhost)."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        ip_address(host)
    except ValueError:
        # A suffix that is not on the public list counts as one label (publicsuffix.org, rule "*").
        return _extractor()(host).top_domain_under_public_suffix or ".".join(host.split(".")[-2:])
    return host


# --- rules of single sites -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    host: str = ""
    id: re.Pattern[str] | None = None
    drop: frozenset[str] = frozenset()

    def number(self, path: str) -> str:
        found = self.id.search(path) if self.id else None
        return "/".join(filter(None, found.groups())) if found else ""


@lru_cache(maxsize=1)
def _rules() -> dict[str, _Rule]:
    table: dict[str, dict[str, Any]] = tomllib.loads((files("crawler") / "urls.toml").read_text("utf-8"))
    return {
        host: _Rule(
            host=str(rule.get("same_as", "")),
            id=re.compile(str(rule["id"]), re.IGNORECASE) if "id" in rule else None,
            drop=frozenset(rule.get("drop", ())),
        )
        for host, rule in table.items()
    }


def _rule(host: str) -> _Rule:
    rules = _rules()
    rule = rules.get(host, _Rule())
    if rule.host:
        target = rules.get(rule.host, _Rule())
        return _Rule(rule.host, target.id, target.drop)
    return rule


# --- parts of a link -------------------------------------------------------------------------------------------------

_AMP_PATH = re.compile(r"(?:/amp|\.amp|/amphtml|/print|/feed)/?$", re.IGNORECASE)
_TRACKING = re.compile(
    r"^(?:utm_.*|at_.*|fbclid|gclid|dclid|yclid|msclkid|igshid|mc_cid|mc_eid|_ga|ref_src|referrer|traffic_source|"
    r"outputtype|cmpid|ocid|s?cid|xtor|sfnsn|wtsid|spm|ns_.*)$",
    re.IGNORECASE,
)
_WHERE_FROM = frozenset(("ref", "src", "source", "from", "via", "share", "shared", "amp", "rss", "feed", "oc"))


def _query(query: str, drop: frozenset[str]) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if not _tracks(name, value) and name not in drop])


def _tracks(name: str, value: str) -> bool:
    """`?src=rss` says where the reader came from; `?source=8434` may well be the article."""
    return bool(_TRACKING.match(name)) or (name.lower() in _WHERE_FROM and not re.search(r"\d{2,}", value))


def _unwrapped(url: str) -> str:
    """The address inside a Google News wrapper of the older form, or of a redirecting link; else `url` itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = (parts.hostname or "").lower()
    if host == "news.google.com" and (found := re.search(r"/articles/([\w-]{20,})", parts.path)):
        try:
            inside = base64.urlsafe_b64decode(found.group(1) + "=" * (-len(found.group(1)) % 4))
        except (binascii.Error, ValueError):
            return url
        plain = re.search(rb"https?://[\x21-\x7e]+", inside)
        target = plain.group().decode("ascii") if plain else ""
        return target if is_crawlable(target) else url
    if host in ("www.google.com", "google.com", "l.facebook.com", "lm.facebook.com") and parts.path in (
        "/url",
        "/l.php",
    ):
        query = dict(parse_qsl(parts.query))
        target = unquote(query.get("url") or query.get("q") or query.get("u") or "")
        return target if is_crawlable(target) else url
    return url


@lru_cache(maxsize=1)
def _extractor():  # type: ignore[no-untyped-def]
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)  # the list it ships with: no network, no cache folder
