"""What is asked of the network, what is refused, and what a failure is called: a real crawler against real servers.

Numbers in names are those of the behaviours of polite polling (b01–b32) and of hostile feeds and articles (f001–f071)
that the project promises to survive.
"""

import asyncio
import contextlib
import gzip
import socket
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import brotli
import pytest
from backports import zstd  # with Scrapy
from twisted.internet.address import IPv4Address, IPv6Address

from crawler.agent import user_agent
from crawler.network import FetchProblem, Refused, classify, is_allowed, moved_to, scrapy_settings
from crawler.pauses import pauses
from crawler.robots import RobotsMiddleware
from tests.crawler.crawling import attempt, crawl, fetch, get
from tests.origin import Answer, Origin

OTHER = "127.0.0.2"


@pytest.fixture
def origin():
    with Origin() as one:
        yield one


@pytest.fixture
def other():
    with Origin(OTHER) as one:
        yield one


def problem(url: str, **arguments: Any) -> FetchProblem:
    found = get(url, attempt_only=True, **arguments)
    assert found is not None, "an answer that can be used"
    return found


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.0.8", "192.88.99.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "2002:7f00:1::", "2002:808:808::", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "2001::1", "2001:db8::1", "fec0::1", "no address",
    ],
)  # fmt: skip
def test_b30_private_and_wrapped_addresses_are_not_allowed(address):
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "185.15.59.224"])
def test_public_addresses_are_allowed(address):
    assert is_allowed(address)


def test_an_allowed_network_covers_addresses_wrapped_into_ipv6():
    assert is_allowed("127.0.0.1", [ip_network("127.0.0.0/8")])
    assert is_allowed("::ffff:127.0.0.1", [ip_network("127.0.0.0/8")])
    assert not is_allowed("10.0.0.1", [ip_network("127.0.0.0/8")])


@pytest.mark.parametrize(
    ("address", "network", "allowed"),
    [
        ("64:ff9b::808:808", "64:ff9b::/96", True), ("64:ff9b::a00:1", "64:ff9b::/96", False),
        ("64:ff9b::7f00:1", "64:ff9b::/96", False), ("64:ff9b::a00:1", "10.0.0.0/8", True),
        ("64:ff9b::808:808", "10.0.0.0/8", False), ("64:ff9b::a9fe:a9fe", "::/0", False),
        ("2002:808:808::", "2002::/16", True), ("2002:a00:1::", "2002::/16", False), ("fd00::1", "fd00::/8", True),
        ("10.0.0.1", "64:ff9b::/96", False),
    ],
)  # fmt: skip
def test_b30_a_network_with_ipv6_alone_can_open_nat64_for_public_hosts_only(address, network, allowed):
    assert is_allowed(address, [ip_network(network)]) is allowed


class _Nat64:
    """A name server as on a network with IPv6 alone (DNS64, RFC 6147)."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    def resolveHostName(self, receiver, name, port=0, types=None, semantics="TCP"):
        receiver.resolutionBegan(self)
        for address in self.addresses:
            receiver.addressResolved(IPv6Address("TCP", address, port))
        receiver.resolutionComplete()
        return receiver


@pytest.mark.parametrize(
    ("address", "advice"),
    [("64:ff9b::808:808", 'allow_private = ["64:ff9b::/96"]'), ("64:ff9b::a00:1", "which is private")],
)
def test_b30_a_refused_nat64_address_says_what_to_write_if_a_public_host_is_behind_it(address, advice):
    def with_that_name_server() -> None:
        from twisted.internet import reactor

        reactor.installNameResolver(_Nat64(address))

    found = problem("http://news.example/", allow=(), prepare=with_that_name_server)
    _restore_resolver()
    assert found.kind == "private_address"
    assert address in found.detail and advice in found.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "①②⑦.0.0.1"])
def test_f020_b30_no_spelling_of_a_private_host_is_connected_to(origin, host):
    origin["/"] = Answer(b"secret")
    assert problem(f"http://{host}:{origin.port}/", allow=()).kind == "private_address"
    assert origin.log == []


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
     "http://169.254.169.254/", "http://10.0.0.1/", "http://100.64.0.1/", "http://[64:ff9b::a00:1]/",
     "http://[2002:a00:1::]/"],
)  # fmt: skip
def test_f018_f069_a_redirect_to_a_private_address_is_not_followed(origin, other, target):
    other["/go"] = Answer(status=302, headers={"Location": target.format(port=origin.port)})
    assert problem(other.url("/go"), allow=(f"{OTHER}/32",)).kind == "private_address"
    assert origin.log == []


class _Rebinding:
    """A name server that gives a public address first and a private one from then on."""

    def __init__(self) -> None:
        self.asked = 0

    def resolveHostName(self, receiver, name, port=0, types=None, semantics="TCP"):
        self.asked += 1
        receiver.resolutionBegan(self)
        receiver.addressResolved(IPv4Address("TCP", OTHER if self.asked <= 2 else "127.0.0.1", port))
        receiver.resolutionComplete()
        return receiver


def test_f019_a_name_that_turns_private_is_judged_at_each_connection(origin):
    with Origin(OTHER) as public:
        # The same port on both addresses: what is connected to differs by the name server's answer alone.
        name, port = "rebinding.example", public.port
        public["/"] = Answer(b"news", headers={"Connection": "close"})
        public["/robots.txt"] = Answer(b"", 404, {"Connection": "close"})
        resolver = _Rebinding()

        def with_that_name_server() -> None:
            from twisted.internet import reactor

            reactor.installNameResolver(resolver)

        def work(crawler):
            return _twice(crawler, name, port)

        first, second = crawl(work, allow=(f"{OTHER}/32",), prepare=with_that_name_server)
        assert first == b"news"
        assert second.kind == "private_address" and "127.0.0.1" in second.detail
        assert resolver.asked >= 3, "the resolver is asked for every connection"
        _restore_resolver()


async def _twice(crawler, name, port):
    first = await fetch(crawler, f"http://{name}:{port}/")
    return first.body, await attempt(crawler, f"http://{name}:{port}/again")


def _restore_resolver() -> None:
    def prepare() -> None:
        from twisted.internet import reactor
        from twisted.internet._resolver import GAIResolver

        reactor.installNameResolver(GAIResolver(reactor, reactor.getThreadPool))

    async def nothing(crawler):
        return None

    crawl(nothing, prepare=prepare)


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/html,x", "gopher://127.0.0.1/"]
)
def test_f017_redirects_to_other_schemes_are_refused(origin, target):
    origin["/go"] = Answer(status=302, headers={"Location": target})
    assert problem(origin.url("/go")).kind == "redirect_refused"


def test_f015_a_redirect_loop_ends_with_one_line(origin):
    origin["/loop"] = Answer(status=302, headers={"Location": "/loop"})
    assert problem(origin.url("/loop")).kind == "redirect_refused"
    assert len(origin.requests("/loop")) == 6


def test_f016_five_redirects_are_followed_and_six_are_not(origin):
    for step in range(6):
        origin[f"/{step}"] = Answer(status=302, headers={"Location": f"/{step + 1}"})
    origin["/6"] = Answer(b"end")
    assert get(origin.url("/1")).body == b"end"
    assert problem(origin.url("/0")).kind == "redirect_refused"


def test_f021_b27_nothing_is_taken_along_to_another_host(origin, other):
    secrets = {"Authorization": "Basic x", "Cookie": "a=b", "X-Api-Key": "k", "Referer": "http://x/"}
    other["/"] = Answer(b"ok")
    origin["/go"] = Answer(status=302, headers={"Location": other.url("/"), "Set-Cookie": "session=1"})
    origin["/cookie"] = Answer(b"ok", headers={"Set-Cookie": "session=1"})

    async def work(crawler):
        await fetch(crawler, origin.url("/cookie"))
        await fetch(crawler, origin.url("/go"), headers=secrets)
        await fetch(crawler, origin.url("/cookie"))

    crawl(work)
    (arrived,) = other.requests("/")
    assert not {"authorization", "cookie", "x-api-key", "referer"} & arrived.headers.keys()
    assert all("cookie" not in one.headers and "referer" not in one.headers for one in origin.requests("/cookie"))
    assert all("?" not in one.path for one in origin.log)


def test_b10_validators_of_one_address_are_not_sent_to_another(origin):
    origin["/old"] = Answer(status=302, headers={"Location": "/new"})
    origin["/new"] = Answer(b"ok")
    url = origin.url("/old")
    get(url, headers={"If-None-Match": '"a"'}, meta={"validators_of": url})
    assert "if-none-match" not in origin.requests("/new")[0].headers
    get(url, meta={"validators_of": origin.url("/new"), "validators": {"If-None-Match": b'"a"'}})
    assert origin.requests("/new")[1].headers["if-none-match"] == '"a"'


def test_f022_https_to_http_is_refused():
    from scrapy.http import Request, Response

    from crawler.network import RedirectMiddleware

    answer = Response("https://a.example/", status=301, headers={"Location": "http://a.example/"})
    with pytest.raises(Refused, match="https to http"):
        RedirectMiddleware().process_response(Request("https://a.example/"), answer)


def test_b21_only_permanent_redirects_count_as_a_move(origin):
    origin["/301"] = Answer(status=301, headers={"Location": "/new"})
    origin["/302"] = Answer(status=302, headers={"Location": "/new"})
    origin["/mixed"] = Answer(status=301, headers={"Location": "/302"})
    origin["/new"] = Answer(b"ok")
    assert moved_to(get(origin.url("/301"))) == origin.url("/new")
    assert moved_to(get(origin.url("/302"))) == ""
    assert moved_to(get(origin.url("/mixed"))) == ""
    assert moved_to(get(origin.url("/new"))) == ""


# --- limits ----------------------------------------------------------------------------------------------------------


def _endless():
    while True:
        yield b"x" * 65_536


def test_f005_b24_a_body_without_end_is_cut_at_the_cap(origin):
    sent = []

    def counted():
        for chunk in _endless():
            sent.append(len(chunk))
            yield chunk

    origin["/"] = Answer(chunks=counted())
    assert problem(origin.url("/")).kind == "too_large"
    assert sum(sent) < 40_000_000, "the rest may lie in socket buffers, not in memory"


def test_f006_a_false_content_length_is_a_failure(origin):
    origin["/short"] = Answer(b"abc", headers={"Content-Length": "1000"})
    assert problem(origin.url("/short")).kind == "truncated"
    origin["/huge"] = Answer(b"abc", headers={"Content-Length": str(10**10)})
    assert problem(origin.url("/huge")).kind == "too_large"


@pytest.mark.parametrize("name", ["gzip", "br", "deflate", "zstd", "gzip, gzip"])
def test_f007_f008_a_decompression_bomb_is_stopped_at_the_decoded_cap(origin, name):
    packs = {"gzip": gzip.compress, "br": brotli.compress, "deflate": zlib.compress, "zstd": zstd.compress}
    body = b"\0" * 60_000_000
    for way in name.split(", "):
        body = packs[way](body)
    origin["/"] = Answer(body, headers={"Content-Encoding": name})
    assert len(body) < 100_000
    assert problem(origin.url("/")).kind == "too_large"


def test_f009_chained_encodings_are_refused(origin):
    body = gzip.compress(gzip.compress(gzip.compress(b"x")))
    origin["/"] = Answer(body, headers={"Content-Encoding": "gzip, gzip, gzip"})
    assert problem(origin.url("/")).kind == "too_large"


def test_f010_a_bomb_behind_a_redirect_is_stopped_too(origin):
    origin["/go"] = Answer(status=302, headers={"Location": "/bomb"})
    origin["/bomb"] = Answer(gzip.compress(b"\0" * 60_000_000), headers={"Content-Encoding": "gzip"})
    assert problem(origin.url("/go")).kind == "too_large"


def test_f011_a_slow_drip_ends_at_the_total_deadline(origin):
    origin["/"] = Answer(chunks=(b"x" for _ in range(1000)), pause=0.1)
    begun = time.monotonic()
    assert problem(origin.url("/"), total=1).kind == "timeout"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(hang=True),
        Answer(b"late", wait=5),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", wait=5),
    ],
    ids=["f013_never", "f012_slow_headers", "late"],
)
def test_f012_f013_an_answer_that_does_not_come_is_a_timeout(origin, answer):
    origin["/"] = answer
    assert problem(origin.url("/"), total=0.7).kind == "timeout"


def test_f014_a_monstrous_header_is_an_error_and_no_crash(origin):
    origin["/"] = Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n")
    assert problem(origin.url("/")).kind in ("connection", "failed")
    origin["/"] = Answer(raw=b"\x00\x01 garbage\r\n\r\n")
    assert problem(origin.url("/")).kind in ("connection", "failed")
    origin["/"] = Answer(b"alive")
    assert get(origin.url("/")).body == b"alive"


def test_f014_headers_without_end_are_cut():
    """A gigabyte of headers within the deadline was seen to end in memory."""
    sent = 0

    def serve(listener):
        nonlocal sent
        for number in range(2):
            connection, _ = listener.accept()
            connection.recv(65_536)
            if number == 0:  # robots.txt
                connection.sendall(b"HTTP/1.1 404 None\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                connection.close()
                continue
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            with contextlib.suppress(OSError), connection:
                while sent < 200_000_000:
                    connection.sendall(b"X: " + b"a" * 8_000 + b"\r\n")
                    sent += 8_005

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        found = problem(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(5)
    assert found.kind == "too_large"
    assert sent < 40_000_000, "the rest may lie in socket buffers"


# --- failures by name ------------------------------------------------------------------------------------------------


def test_f047_an_unknown_name_is_a_dns_problem():
    found = problem("http://does-not-exist.invalid/")
    assert found.kind == "dns" and "does-not-exist.invalid" in found.detail


class _Hanging:
    """A name server that never answers for one name."""

    def resolveHostName(self, receiver, name, port=0, types=None, semantics="TCP"):
        receiver.resolutionBegan(self)
        if name != "hangs.example":
            receiver.addressResolved(IPv4Address("TCP", "127.0.0.1", port))
            receiver.resolutionComplete()
        return receiver


def test_f047_a_name_server_that_hangs_ends_at_the_deadline_and_holds_up_no_other(origin):
    origin["/"] = Answer(b"ok")

    def with_that_name_server() -> None:
        from twisted.internet import reactor

        reactor.installNameResolver(_Hanging())

    async def work(crawler):
        hanging = asyncio.ensure_future(attempt(crawler, f"http://hangs.example:{origin.port}/"))
        begun = time.monotonic()
        for _ in range(3):
            assert await attempt(crawler, origin.url("/")) is None
        seconds = time.monotonic() - begun
        return await hanging, seconds

    hanging, seconds = crawl(work, prepare=with_that_name_server, total=1)
    _restore_resolver()
    assert hanging.kind == "timeout"
    assert seconds < 0.8


def test_a_closed_port_is_a_connection_problem(origin):
    url = origin.url("/")
    origin.close()
    assert problem(url).kind == "connection"


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (403, {}, "blocked"), (401, {}, "blocked"), (451, {}, "blocked"), (404, {}, "not_found"), (410, {}, "gone"),
        (418, {}, "http_4xx"), (500, {}, "http_5xx"), (503, {}, "http_5xx"), (503, {"Retry-After": "9"}, "busy"),
        (429, {}, "busy"), (200, {"cf-mitigated": "challenge"}, "blocked"),
        (503, {"cf-mitigated": "challenge"}, "blocked"),
        (302, {}, "redirect_refused"),
    ],
)  # fmt: skip
def test_b22_statuses_have_names(origin, status, headers, kind):
    origin["/"] = Answer(b"x", status, headers)
    assert problem(origin.url("/")).kind == kind


def test_a_304_is_no_problem(origin):
    origin["/"] = Answer(status=304)
    assert classify(get(origin.url("/"))) is None


# --- TLS -------------------------------------------------------------------------------------------------------------


def _certificate(folder, host="localhost", days=30, begins=-1):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    start = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=begins)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{host}{days}.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem


def _over_tls(origin, pem):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    origin._server.socket = context.wrap_socket(origin._server.socket, server_side=True)
    return f"https://localhost:{origin.port}/"


def test_b31_a_certificate_is_verified_and_a_private_authority_can_be_added(origin, tmp_path):
    pem = _certificate(tmp_path)
    origin["/"] = Answer(b"ok")
    url = _over_tls(origin, pem)
    assert problem(url).kind == "tls"
    assert origin.log == [], "nothing is asked of a host that is not known"
    assert get(url, ca_file=str(pem)).body == b"ok"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_f046_an_outdated_protocol_is_refused(tmp_path):
    import ssl

    pem = _certificate(tmp_path)
    with Origin() as origin:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(pem)
        origin._server.socket = context.wrap_socket(origin._server.socket, server_side=True)
        assert problem(f"https://localhost:{origin.port}/", ca_file=str(pem)).kind == "tls"
        assert origin.log == []


def test_f046_expired_and_foreign_certificates_are_refused(tmp_path):
    for certificate in ({"host": "other.example"}, {"days": 1, "begins": -10}):
        pem = _certificate(tmp_path, **certificate)
        with Origin() as origin:
            assert problem(_over_tls(origin, pem), ca_file=str(pem)).kind == "tls"


# --- robots.txt ------------------------------------------------------------------------------------------------------


def test_b29_robots_txt_is_asked_once_and_obeyed(origin):
    origin["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private\n\nUser-agent: rasid\nDisallow: /secret\n")
    for path in ("/", "/private", "/secret"):
        origin[path] = Answer(b"ok")

    async def work(crawler):
        found = []
        for path in ("/", "/private", "/secret"):
            found.append(await attempt(crawler, origin.url(path)))
        return [one and one.kind for one in found]

    assert crawl(work) == [None, None, "robots"]
    assert len(origin.requests("/robots.txt")) == 1
    assert origin.requests("/secret") == []


@pytest.mark.parametrize(("status", "fetched"), [(404, True), (403, True), (500, False), (503, False)])
def test_b29_robots_txt_by_status_as_in_rfc_9309(origin, status, fetched):
    origin["/robots.txt"] = Answer(b"x", status)
    origin["/"] = Answer(b"ok")
    if fetched:
        assert get(origin.url("/")).body == b"ok"
    else:
        assert "robots.txt" in problem(origin.url("/")).detail
        assert origin.requests() == []


def test_robots_txt_that_does_not_answer_means_no(origin):
    origin["/robots.txt"] = Answer(hang=True)
    assert problem(origin.url("/"), total=0.7).kind == "timeout"
    assert origin.requests() == []


def test_robots_txt_is_asked_again_after_a_day(origin, monkeypatch):
    hours = [0.0]
    monkeypatch.setattr(RobotsMiddleware, "clock", staticmethod(lambda: hours[0] * 3600))
    origin["/"] = Answer(b"ok")
    origin["/robots.txt"] = [Answer(b"", 404), Answer(b"User-agent: *\nDisallow: /\n")]

    async def work(crawler):
        await fetch(crawler, origin.url("/"))
        hours[0] = 23.9
        await fetch(crawler, origin.url("/"))
        hours[0] = 24.1
        with pytest.raises(Refused):
            await fetch(crawler, origin.url("/"))

    crawl(work)
    assert len(origin.requests("/robots.txt")) == 2


def test_crawl_delay_slows_a_host_down(origin):
    origin["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.4\n")
    origin["/"] = Answer(b"ok")

    async def work(crawler):
        for _ in range(3):
            await fetch(crawler, origin.url("/"))

    crawl(work)
    times = [one.at for one in origin.requests("/")]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.3


# --- manners ---------------------------------------------------------------------------------------------------------


def test_b16_b32_one_request_at_a_time_per_host_with_the_delay_between_and_many_hosts_at_once(origin, other):
    for one in (origin, other):
        one["/"] = Answer(b"ok", wait=0.1)

    async def work(crawler):
        await asyncio.gather(*(fetch(crawler, one.url("/")) for one in (origin, other) for _ in range(4)))

    crawl(work, delay=0.2)
    for one in (origin, other):
        assert set(one.busiest.values()) == {1}
        times = sorted(asked.at for asked in one.log)
        assert times[-1] - times[0] >= 0.55  # 0.6, and 0.3 without the delay; a busy machine notes the first one late


def test_b32_without_a_delay_too_it_is_one_request_at_a_time_on_one_connection(origin):
    origin["/"] = Answer(b"ok", wait=0.05)

    async def work(crawler):
        await asyncio.gather(*(fetch(crawler, origin.url("/")) for _ in range(6)))

    crawl(work)
    assert set(origin.busiest.values()) == {1}
    assert len({asked.client for asked in origin.log}) == 1


def test_b32_one_request_at_a_time_also_when_scrapy_lets_all_go_at_once(origin, monkeypatch):
    """It does without a delay, and with a small one when it is held up for as long."""
    monkeypatch.setattr("scrapy.core.downloader.Slot.download_delay", lambda slot: 0.0)
    origin["/"] = Answer(b"ok", wait=0.05)

    async def work(crawler):
        await asyncio.gather(*(fetch(crawler, origin.url("/")) for _ in range(6)))

    crawl(work)
    assert set(origin.busiest.values()) == {1}


def test_b18_a_host_that_says_retry_after_is_left_alone_even_by_what_waits_in_the_queue(origin):
    origin["/busy"] = Answer(b"", 429, {"Retry-After": "3600"}, wait=0.3)
    origin["/page"] = Answer(b"ok")

    async def work(crawler):
        await fetch(crawler, origin.url("/page"))
        busy = asyncio.ensure_future(attempt(crawler, origin.url("/busy")))
        while not origin.requests("/busy"):
            await asyncio.sleep(0.01)
        waiting = await asyncio.gather(*(attempt(crawler, origin.url("/page")) for _ in range(5)))
        return await busy, waiting

    first, waiting = crawl(work)
    assert first.kind == "busy" and first.retry_after.total_seconds() == 3600
    assert [one.kind for one in waiting] == ["paused"] * 5
    assert len(origin.requests("/busy")) == 1, "no retry within the request"
    assert len(origin.requests("/page")) == 1


def test_b18_a_pause_ends(origin, monkeypatch):
    now = [datetime(2026, 11, 21, tzinfo=UTC)]
    origin["/"] = [Answer(b"", 503, {"Retry-After": "60"}), Answer(b"ok")]

    async def work(crawler):
        monkeypatch.setattr(pauses, "_clock", lambda: now[0])
        await fetch(crawler, origin.url("/"))
        with pytest.raises(Refused):
            await fetch(crawler, origin.url("/"))
        now[0] += timedelta(seconds=61)
        return (await fetch(crawler, origin.url("/"))).body

    assert crawl(work) == b"ok"


def test_b26_b28_the_user_agent_names_a_contact_and_compression_is_welcome(origin):
    origin["/"] = Answer(b"ok")
    get(origin.url("/"))
    headers = origin.requests("/")[0].headers
    assert headers["user-agent"].startswith("rasid/") and "(+tests@example.org)" in headers["user-agent"]
    assert "gzip" in headers["accept-encoding"] and "br" in headers["accept-encoding"]


def test_a_contact_cannot_smuggle_headers():
    assert "\n" not in user_agent("a@b.example\r\nX-Evil: 1")


def test_b02_validators_arrive_byte_for_byte(origin):
    origin["/"] = Answer(b"ok")
    etag = 'W/"a  b\u00e9"'.encode("latin-1")
    get(origin.url("/"), headers={"If-None-Match": etag})
    assert origin.requests("/")[0].headers["if-none-match"].encode("latin-1") == etag


def test_scrapys_open_doors_are_shut():
    settings = scrapy_settings(contact="x@example.org", delay=timedelta(seconds=5))
    handlers = settings["DOWNLOAD_HANDLERS"]
    assert {name for name, handler in handlers.items() if handler} == {"http", "https"}
    for name in ("COOKIES", "REFERER", "RETRY", "TELNETCONSOLE", "REMOTE_CONTROL", "HTTPPROXY", "HTTPCACHE"):
        assert settings[f"{name}_ENABLED"] is False
    assert settings["DOWNLOAD_VERIFY_CERTIFICATES"] is True
