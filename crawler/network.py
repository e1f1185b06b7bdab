"""The network, politely and safely: what Scrapy is told, which addresses are connected to, and what a failure was.

Scrapy's defaults are made for a crawl that someone watches: it does not verify certificates, retries a 429 within
milliseconds, follows redirects anywhere, knows no private address, and reads robots.txt once in its life. What this
file and robots.py put in their place holds for polls (`engine.download_async`) and pages alike, since both pass the
same downloader middlewares, slots and handler. What hosts asked for is kept by pauses.py; nothing else here touches
the store.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, cast
from urllib.parse import urljoin, urlsplit
from weakref import WeakValueDictionary

from OpenSSL import SSL, crypto
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Request, Response
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IOpenSSLClientConnectionCreator,
    IResolutionReceiver,
)
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.python.failure import Failure
from twisted.web.iweb import IPolicyForHTTPS
from w3lib.url import safe_url_string
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.agent import user_agent
from crawler.pauses import pauses
from crawler.scheduling import asked_to_wait

MAX_SIZE = 5 * 1024 * 1024  # bytes of a body, decoded
TOTAL_SECONDS = 20  # from the request to the last byte of the answer
MAX_REDIRECTS = 5
_DNS_THREADS = 40  # a name server that hangs holds one each; Twisted's ten would stop all polls
_LEAST_DELAY = 0.001  # seconds; without any, Scrapy lets all that waits for a host go at once, whatever its limit
_MAX_HEADERS = 512 * 1024  # bytes, counted in what arrives at once
_MAX_ENCODINGS = 2  # of one body; more is a trick to multiply work


@dataclass(frozen=True, slots=True)
class FetchProblem:
    """Why there is no answer to use. `kind` is one of the words below; `detail` says what happened, for people.

    blocked, busy, connection, dns, failed, gone, http_4xx, http_5xx, not_found, not_text, paused, private_address,
    redirect_refused, robots, timeout, tls, too_large, truncated.
    """

    kind: str
    detail: str = ""
    status: int | None = None
    retry_after: timedelta | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


class Refused(IgnoreRequest):
    """Raised by rasid's own parts instead of asking, or instead of taking an answer."""

    def __init__(self, problem: FetchProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def scrapy_settings(
    *, contact: str, delay: timedelta, ca_file: str = "", concurrency: int = 128, total: float = TOTAL_SECONDS
) -> dict[str, Any]:
    """Scrapy's settings for a daemon that polls for months.

    `contact` (a mail address or a page) goes into the user agent; `delay` is between two requests to one host, to
    which up to 20 % are added at random; `ca_file` is a PEM file trusted beside the public authorities; `concurrency`
    is over all hosts; `total` is the limit in seconds for one answer.
    """
    return {
        "USER_AGENT": user_agent(contact),
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html, application/xhtml+xml, */*;q=0.5",
            "Accept-Language": "ar, en, ckb",
        },
        "CONCURRENT_REQUESTS": concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": max(delay.total_seconds() * 1.1, _LEAST_DELAY),
        "DOWNLOAD_DELAY_JITTER": 0.09,  # ± around 1.1 delays: never less than one
        "DOWNLOAD_TIMEOUT": total,
        "DOWNLOAD_MAXSIZE": MAX_SIZE,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TLS_MIN_VERSION": "TLSv1.2",
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.network.GuardedHandler",
            "https": "crawler.network.GuardedHandler",
            **dict.fromkeys(("data", "file", "ftp", "s3")),
        },
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.robots.RobotsMiddleware": 100,
            "crawler.network.RedirectMiddleware": 600,
            "crawler.network.AnswerMiddleware": 610,
            **dict.fromkeys(
                f"scrapy.downloadermiddlewares.{name}"
                for name in (
                    "cookies.CookiesMiddleware",
                    "httpauth.HttpAuthMiddleware",
                    "httpcache.HttpCacheMiddleware",
                    "httpproxy.HttpProxyMiddleware",  # would take proxies from the environment, past the address guard
                    "offsite.OffsiteMiddleware",
                    "redirect.MetaRefreshMiddleware",
                    "redirect.RedirectMiddleware",
                    "retry.RetryMiddleware",
                    "robotstxt.RobotsTxtMiddleware",
                )
            ),
        },
        "EXTENSIONS_BASE": {},  # nobody reads their counts; switched off in EXTENSIONS they are imported all the same
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "RETRY_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "LOG_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "RASID_CA_FILE": ca_file,
    }


# --- which addresses are connected to --------------------------------------------------------------------------------

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Not `ipaddress.is_global`: in Python 3.11 it says yes to multicast, NAT64, 6to4 and 192.88.99.1.
_REFUSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # Teredo and alike, examples, 6to4, examples
)


def is_allowed(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether `address` may be connected to: a public one, or one in an `allowed` network.

    An IPv4 address wrapped into IPv6 (mapped, 6to4, NAT64) is refused like the private ones, whatever is inside,
    unless what is inside is allowed; or the wrapping is (64:ff9b::/96 where a network has IPv6 alone) and what is
    inside may be connected to: it opens the way to public hosts, not to private ones behind it.
    """
    try:
        found = ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    opened = any(found in network for network in allowed)
    inside = _inside(found)
    if inside is not None:
        return any(inside in network for network in allowed) or (opened and is_allowed(str(inside)))
    if opened:
        return True
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _REFUSED_V4)
    return found in _GLOBAL_V6 and not any(found in network for network in _REFUSED_V6)


def _inside(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


_refused_hosts: OrderedDict[str, str] = OrderedDict()  # host → the address it was refused for; the latest thousand


@implementer(IHostnameResolver)
class GuardedResolver:
    """Passes on only addresses that may be connected to.

    It stands where Twisted connects: it is asked for every connection, for names and for literal addresses, and what it
    passes on is what is connected to, so that a name cannot be public when judged and private when used.
    """

    def __init__(self, resolver: Any, allowed: Sequence[Network]) -> None:
        self._resolver = resolver
        self._allowed = tuple(allowed)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """As IHostnameResolver says; addresses that are refused are not passed on."""
        receiver = _Filter(resolutionReceiver, hostName, self._allowed)
        return self._resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Filter:
    def __init__(self, receiver: Any, host: str, allowed: Sequence[Network]) -> None:
        self._receiver = receiver
        self._host = host.lower()
        self._allowed = allowed

    def resolutionBegan(self, resolution: Any) -> None:
        _refused_hosts.pop(self._host, None)
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        if is_allowed(str(getattr(address, "host", "")), self._allowed):
            self._receiver.addressResolved(address)
            return
        _refused_hosts[self._host] = str(getattr(address, "host", address))
        while len(_refused_hosts) > 1_000:
            _refused_hosts.popitem(last=False)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


def install_resolver(allow_private: Sequence[str] = ()) -> None:
    """Put the guard onto the reactor; `allow_private` are networks ("127.0.0.0/8") that may be connected to after all.

    Needed because `AsyncCrawlerRunner` ignores Scrapy's DNS_RESOLVER. Called again, it replaces the former guard.
    """
    from twisted.internet import reactor

    resolver = reactor.nameResolver
    if isinstance(resolver, GuardedResolver):
        resolver = resolver._resolver
    allowed = [ip_network(network, strict=False) for network in allow_private]
    reactor.installNameResolver(GuardedResolver(resolver, allowed))
    reactor.suggestThreadPoolSize(_DNS_THREADS)


# --- connections -----------------------------------------------------------------------------------------------------


class GuardedHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler, which asks nothing of a host that told it to wait, and verifies certificates."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _bounded(self._pool._factory)
        self._contextFactory = cast(IPolicyForHTTPS, _VerifyingPolicy(crawler.settings.get("RASID_CA_FILE", "")))
        # Scrapy counts a request only once its task has begun: held up in between, it lets the next one out beside it.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def download_request(self, request: Request) -> Response:
        """As Scrapy's. Raises Refused if the host has asked to be left alone meanwhile: requests wait in queues."""
        async with self._turns.setdefault(str(request.meta.get("download_slot")), asyncio.Lock()):
            _leave_alone(request)
            response = await super().download_request(request)
            wait = _wait_asked(response)
            if wait is not None and response.status in (429, 503):
                pauses.note(request.url, wait)  # here, before the next one goes out
            return response


def _bounded(factory: Any) -> Any:
    """Connections that are cut when headers do not end: Twisted bounds a header line, but not how many there are."""

    class Factory(factory):  # type: ignore[misc]
        def buildProtocol(self, address: Any) -> Any:
            protocol = super().buildProtocol(address)
            receive, size = protocol.dataReceived, 0

            def receive_bounded(data: bytes) -> None:
                nonlocal size
                in_headers = protocol._parser is not None and protocol._parser.state in ("STATUS", "HEADER")
                size = size + len(data) if in_headers else 0
                if size > _MAX_HEADERS:
                    protocol.transport.abortConnection()
                else:
                    receive(data)

            protocol.dataReceived = receive_bounded
            return protocol

    return Factory


@implementer(IPolicyForHTTPS)
class _VerifyingPolicy:
    """Verifies every certificate, with one TLS context for all hosts.

    Twisted's own policy makes a context for each connection: 5 ms of CPU and 0.9 MB for the list of authorities alone.
    """

    def __init__(self, ca_file: str) -> None:
        root = _trust_root(ca_file) if ca_file else platformTrust()  # type: ignore[no-untyped-call]
        self._options = CertificateOptions(trustRoot=root, raiseMinimumTo=TLSVersion.TLSv1_2)

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        return _VerifiedConnections(self._options, hostname.decode("ascii"))


@implementer(IOpenSSLClientConnectionCreator)
class _VerifiedConnections:
    """Makes connections to one host whose certificate must be trusted and be that host's (RFC 6125)."""

    def __init__(self, options: Any, host: str) -> None:
        self._options = options
        self._host = host
        self._is_address = isIPAddress(host) or isIPv6Address(host)
        self._wanted = IPAddress_ID(host) if self._is_address else DNS_ID(host)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        if not self._is_address:  # addresses are no server names, RFC 6066 §3
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._verify)
        return connection

    def _verify(
        self, connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, trusted: int
    ) -> bool:
        """Asked for each certificate of the chain; `trusted` is OpenSSL's own verdict on it."""
        if not trusted or depth != 0:
            return bool(trusted)
        try:
            verify_service_identity(extract_patterns(certificate), [self._wanted], [])
        except (VerificationError, CertificateError):
            return False
        return True


def _trust_root(ca_file: str) -> Any:
    """The authorities of this machine, and those of one more file."""
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    authorities = context.get_ca_certs(binary_form=True)
    return trustRootFromCertificates(  # type: ignore[no-untyped-call]
        [Certificate.load(one, crypto.FILETYPE_ASN1) for one in authorities]
    )


# --- manners ---------------------------------------------------------------------------------------------------------


def _leave_alone(request: Request) -> None:
    """Raises Refused if the request's host is to be left alone."""
    if (wait := pauses.left(request.url)) > timedelta():
        raise Refused(FetchProblem("paused", f"the host asked to wait {_spell(wait)} more", retry_after=wait))


class AnswerMiddleware:
    """Nearest to the network: refuses what would be asked in vain, and bodies packed to multiply work."""

    def process_request(self, request: Request) -> None:
        """Nothing is put into a host's queue that would only be refused at its end."""
        _leave_alone(request)

    def process_response(self, request: Request, response: Response) -> Response:
        """The answer, or Refused."""
        encodings = b",".join(response.headers.getlist("Content-Encoding")).split(b",")
        if len(encodings) > _MAX_ENCODINGS:
            raise Refused(FetchProblem("too_large", f"the body is compressed {len(encodings)} times over"))
        return response


class RedirectMiddleware:
    """Follows redirects for GET, at most five, to http(s) only, never from https to http, and takes nothing along.

    Scrapy's own obeys `handle_httpstatus_all` by not following, keeps custom headers across hosts, and keeps the slot
    of the first host for the second.
    """

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """The answer, or the request for where it points to. Raises Refused for a redirect that is not followed."""
        if response.status not in (301, 302, 303, 307, 308) or not response.headers.get("Location"):
            return response
        place = cast(bytes, response.headers["Location"]).decode("utf-8", "replace").strip()
        try:
            target = urljoin(request.url, safe_url_string(place))
            parts = urlsplit(target)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise _no_redirect(f"to {place[:200]!r}, which is no address") from error
        passed = [*request.meta.get("redirect_urls", ()), request.url]
        if parts.scheme not in ("http", "https") or not host:
            raise _no_redirect(f"to {parts.scheme or 'nothing'}:, only http and https are followed")
        if urlsplit(request.url).scheme == "https" and parts.scheme == "http":
            raise _no_redirect(f"from https to http ({target[:200]})")
        if len(passed) > MAX_REDIRECTS:
            raise _no_redirect(f"more than {MAX_REDIRECTS} in a row, or a loop")
        headers: dict[Any, Any] = dict(request.headers.items())
        if (parts.scheme, parts.netloc) != urlsplit(request.url)[:2]:
            headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
        for name in (b"If-None-Match", b"If-Modified-Since"):  # they belong to one address only
            headers.pop(name, None)
        if target == request.meta.get("validators_of"):
            headers.update(request.meta.get("validators", {}))
        meta = {name: value for name, value in request.meta.items() if name != "download_slot"}
        meta["redirect_urls"] = passed
        meta["redirect_reasons"] = [*request.meta.get("redirect_reasons", ()), response.status]
        return request.replace(url=target, headers=headers, meta=meta, dont_filter=True)


_HARMLESS = (b"accept", b"accept-language", b"accept-encoding", b"user-agent", b"if-none-match", b"if-modified-since")


def moved_to(response: Response) -> str:
    """Where `response` came from if only permanent redirects (301, 308) led there, else ""."""
    statuses = response.request.meta.get("redirect_reasons", ()) if response.request is not None else ()
    return response.url if statuses and all(status in (301, 308) for status in statuses) else ""


def _no_redirect(where: str) -> Refused:
    return Refused(FetchProblem("redirect_refused", f"redirect {where}"))


# --- what a failure was ----------------------------------------------------------------------------------------------

_TOO_LARGE = f"the body is larger than {MAX_SIZE // 1_048_576} MB"


def classify(what: Response | Failure | BaseException) -> FetchProblem | None:
    """What was wrong, or None for an answer that can be used (2xx) or that says "not modified" (304)."""
    if isinstance(what, Response):
        return _classify_answer(what)
    error = what.value if isinstance(what, Failure) else what
    if isinstance(error, Refused):
        return error.problem
    text = str(error)
    if "DOWNLOAD_MAXSIZE" in text or "download max size" in text:
        return FetchProblem("too_large", _TOO_LARGE)
    for reason in _reasons(error):
        if isinstance(reason, SSL.Error | VerificationError):
            return FetchProblem("tls", _tls_detail(reason))
        if isinstance(reason, ConnectionAborted):
            return FetchProblem("too_large", "headers without end")
    match error:
        case DownloadTimeoutError() | TimeoutError():
            return FetchProblem("timeout", "no whole answer in time")
        case CannotResolveHostError():
            return _dns_problem(text)
        case DownloadConnectionRefusedError():
            return FetchProblem("connection", "the connection was refused")
        case ResponseDataLossError():
            return FetchProblem("truncated", "the answer ended before its announced length")
        case UnsupportedURLSchemeError():
            return FetchProblem("failed", f"only http and https are fetched ({text[:200]})")
        case DownloadCancelledError():  # the handler cancels for two reasons, and time has an error of its own
            return FetchProblem("too_large", _TOO_LARGE)
    reasons = "; ".join(
        str(reason) or type(reason).__name__ for reason in _reasons(error) if not getattr(reason, "reasons", None)
    )
    reasons = re.sub(r"\[<twisted[^;]*;?\s*", "", reasons)
    broken = "header" in reasons.lower() or "ParseError" in reasons
    return FetchProblem("failed" if broken else "connection", reasons[:300] or type(error).__name__)


def _classify_answer(response: Response) -> FetchProblem | None:
    status = response.status
    wait = _wait_asked(response)
    if b"challenge" in (response.headers.get("cf-mitigated") or b""):
        return FetchProblem("blocked", "Cloudflare asks for proof of being human", status, wait)
    if 200 <= status < 300 or status == 304:
        return None
    if status == 429 or (status == 503 and wait is not None):
        return FetchProblem("busy", f"the host answers {status}: too many requests or overloaded", status, wait)
    if status in (401, 403, 407, 451):
        return FetchProblem("blocked", f"the host answers {status}: it does not want this to be read", status, wait)
    if status == 404:
        return FetchProblem("not_found", "the host answers 404: nothing there", status, wait)
    if status == 410:
        return FetchProblem("gone", "the host answers 410: gone for good", status, wait)
    if status in (300, 301, 302, 303, 307, 308):
        return FetchProblem("redirect_refused", f"the host answers {status} without saying where to", status, wait)
    kind = "http_5xx" if status >= 500 else "http_4xx"
    return FetchProblem(kind, f"the host answers {status}", status, wait)


def _wait_asked(response: Response) -> timedelta | None:
    def header(name: str) -> str:
        return (response.headers.get(name) or b"").decode("latin-1")

    return asked_to_wait(response.status, header("Retry-After"), header("Date"), datetime.now(UTC))


def _reasons(error: BaseException | None) -> list[BaseException]:
    """The errors inside an error: Twisted packs them into lists of failures, Scrapy wraps those once more."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__cause__, *(failure.value for failure in getattr(one, "reasons", None) or ())]
    return found


def _tls_detail(error: BaseException) -> str:
    if isinstance(error, VerificationError):
        return "the certificate is for another host"
    words = [str(part[-1]) for part in (error.args[0] if error.args else ()) if part]
    return "; ".join(words) or "the handshake failed"


def _dns_problem(text: str) -> FetchProblem:
    host = text.rpartition(": ")[2].strip().strip("'\"").rstrip(".").lower()
    address = _refused_hosts.get(host)
    if address is not None:
        return FetchProblem("private_address", f"{host} leads to {address}, {_why_refused(address)}")
    return FetchProblem("dns", f"the name {host} cannot be resolved")


def _why_refused(address: str) -> str:
    found = ip_address(address.split("%", 1)[0])
    inside = _inside(found)
    if found in _NAT64 and inside is not None and is_allowed(str(inside)):
        return (
            f"an address of NAT64 (for {inside}); on a network that has IPv6 alone, write "
            f'allow_private = ["{_NAT64}"] under [network]: private addresses behind it stay refused'
        )
    return "which is private; if it is yours, add its network to allow_private under [network]"


def _spell(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return (
        f"{seconds // 3600} h {seconds % 3600 // 60} min"
        if seconds >= 3600
        else f"{seconds // 60} min {seconds % 60} s"
    )
