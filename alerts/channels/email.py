"""E-mail over SMTP: one transaction per recipient, so that one bad address never costs another its mail.

The Message-ID is the delivery's, and so the same however often it must be sent; the References of all mails of an
incident name its first one. RFC 5321 4.5.3.2.6 asks to wait ten minutes for the answer to the final dot: whoever gives
up sooner makes duplicates (RFC 1047).
"""

from __future__ import annotations

import contextlib
import functools
import re
import smtplib
import socket
import ssl
import threading
from datetime import timedelta
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from pydantic import SecretStr

from alerts.channels import Channel, Envelope, Trace
from alerts.cleaning import clean, cut
from alerts.errors import ChannelRefused, DeliveryError, Refused, TooLarge, TryLater
from alerts.messages import IncidentMessage, Message, render_html, render_minimal, render_text
from alerts.settings import EmailSettings

HTML_LIMIT = 100_000  # bytes; Gmail clips a message a little above that
MAILS_PER_CONNECTION = 100  # servers set limits from about there on
_DOT = re.compile(rb"(?m)^\.")
_CLOSING = 421  # RFC 5321 3.8: the server is going, whatever was asked


class _Headers(HeaderRegistry):
    """Most headers are the same in every mail, and reading and folding them is most of its cost: kept."""

    def __init__(self) -> None:
        super().__init__()
        self._class_of = functools.cache(super().__getitem__)
        self._header = functools.lru_cache(maxsize=256)(super().__call__)

    def __getitem__(self, name: str) -> type:
        return self._class_of(name.lower())

    def __call__(self, name: str, value: Any) -> Any:
        return self._header(name, value)


class _Wire(EmailPolicy):
    def fold_binary(self, name: str, value: Any) -> bytes:
        return _folded(name, value)


@functools.lru_cache(maxsize=256)
def _folded(name: str, value: str) -> bytes:
    return EmailPolicy.fold_binary(WIRE, name, value)


WIRE = _Wire(linesep="\r\n", cte_type="7bit", header_factory=_Headers())


class EmailChannel(Channel):
    """Mails that follow one another go over one connection; what they prove is the same as over one each."""

    settings: EmailSettings

    def __init__(self, settings: EmailSettings, password: SecretStr | None, name: str, trace: Trace) -> None:
        self.settings = settings
        self._password = password
        self._name = name
        self._trace = trace
        self._context: ssl.SSLContext | None = None
        self._kept: list[_Conversation] = []
        self._lock = threading.Lock()

    def send(self, message: Message, envelope: Envelope) -> str:
        mail = build_mail(message, envelope, self.settings.sender, envelope.recipient, self._name)
        conversation = self._hand_over(envelope.recipient, wire_format(mail))
        taken = False
        try:
            envelope.turn()
            _expect(self._finish(conversation), "the message", self._where, recipient_only=True)
            taken = True
        finally:
            if taken and envelope.keep and conversation.mails < MAILS_PER_CONNECTION:
                with self._lock:
                    self._kept.append(conversation)
            else:
                conversation.farewell()
        return ""

    def rest(self) -> None:
        while conversation := self._pop():
            conversation.farewell()

    @property
    def _where(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    def _hand_over(self, recipient: str, body: bytes) -> _Conversation:
        """All but the final dot, over a kept connection if there is one."""
        if (kept := self._pop()) is not None:
            try:
                return self._offer(kept, recipient, body)
            except DeliveryError:
                if kept.recipient_refused:
                    raise
                # It was closed in between, or has had its number of mails: that is no failure of this one.
        return self._offer(self._connect(), recipient, body)

    def _pop(self) -> _Conversation | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _offer(self, conversation: _Conversation, recipient: str, body: bytes) -> _Conversation:
        where = self._where
        try:
            _expect(conversation.mail(self.settings.sender), "MAIL FROM", where, recipient_only=False)
            answer = conversation.rcpt(recipient)
            conversation.recipient_refused = answer[0] >= 400 and answer[0] != _CLOSING
            _expect(answer, "RCPT TO", where, recipient_only=True)
            _expect(conversation.docmd("DATA"), "DATA", where, recipient_only=False, good=354)
            self._trace("DATA")
            conversation.transfer(body)
        except smtplib.SMTPServerDisconnected as error:
            conversation.close()
            raise TryLater(f"{where}: the connection broke ({_reason(error)})") from error
        except OSError as error:
            conversation.close()
            raise TryLater(f"{where}: {_reason(error)}") from error
        except DeliveryError:
            conversation.farewell()
            raise
        return conversation

    def _finish(self, conversation: _Conversation) -> tuple[int, bytes]:
        try:
            return conversation.finish(self.settings.data_timeout, self._trace)
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"{self._where}: no answer to the message ({_reason(error)})", ambiguous=True) from error

    def _connect(self) -> _Conversation:
        settings, where = self.settings, self._where
        try:
            seconds = settings.timeout.total_seconds()
            if settings.security == "tls":
                conversation: _Conversation = _TlsConversation(
                    settings.host, settings.port, timeout=seconds, context=self._tls()
                )
            else:
                conversation = _Conversation(settings.host, settings.port, timeout=seconds)
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"{where}: no connection ({_reason(error)})") from error
        try:
            conversation.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                # Never goes on in the clear: a server without STARTTLS raises SMTPNotSupportedError here.
                conversation.starttls(context=self._tls())
                conversation.ehlo()
            self._trace("connect")
            if self._password is not None:
                conversation.login(settings.username, self._password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            conversation.close()
            if error.smtp_code < 500:
                raise TryLater(f"{where}: log-in put off ({error.smtp_code})") from error
            raise ChannelRefused(f"{where}: user name or password refused ({error.smtp_code})") from error
        except smtplib.SMTPNotSupportedError as error:
            conversation.close()
            what = "STARTTLS" if settings.security == "starttls" and not conversation.encrypted else "log-in"
            raise TryLater(f"{where}: the server offers no {what}; nothing was sent") from error
        except (OSError, smtplib.SMTPException) as error:
            conversation.close()
            raise TryLater(f"{where}: {_reason(error)}") from error
        return conversation

    def _tls(self) -> ssl.SSLContext:
        # Without a context smtplib verifies no certificate. Made once: reading the system's authorities takes 20 ms.
        if self._context is None:
            ca_file = self.settings.ca_file
            try:
                self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
            except OSError as error:
                raise TryLater(f"ca_file {ca_file} cannot be used: {error.strerror or 'no certificate'}") from error
        return self._context


class _Conversation(smtplib.SMTP):
    """smtplib's SMTP with DATA in our hands: its own sends all at once, and waits no longer there than anywhere."""

    mails = 0
    recipient_refused = False

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    def transfer(self, body: bytes) -> None:
        """Send the message but for its final dot: the server cannot take it yet."""
        if self.sock is not None:
            # The final dot is a packet of its own, which Nagle's algorithm would hold until this is acknowledged.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(_DOT.sub(b"..", body))

    def finish(self, patience: timedelta, trace: Trace) -> tuple[int, bytes]:
        """Send the final dot, and read the answer."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        usual = self.sock.gettimeout()
        self.sock.settimeout(patience.total_seconds())
        self.send(b".\r\n")
        trace("final dot")
        answer = self.getreply()
        trace("250 read")
        self.sock.settimeout(usual)
        self.mails += 1
        return answer

    def farewell(self) -> None:
        """QUIT without waiting for the answer, and close: the message is theirs already, or is not."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.putcmd("quit")
        self.close()


class _TlsConversation(_Conversation, smtplib.SMTP_SSL):
    """The same over TLS from the first byte (port 465)."""


def build_mail(message: Message, envelope: Envelope, sender: str, recipient: str, name: str) -> EmailMessage:
    """The mail, text first and HTML beside it. The subject is frozen; what changed stands in the first line."""
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=WIRE)
    mail["From"] = str(Address("rasid", addr_spec=sender))
    mail["To"] = str(Address(addr_spec=recipient))
    mail["Subject"] = cut(clean(message.subject), 200)
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = f"<{envelope.id}@{domain}>"
    if envelope.root and envelope.root != envelope.id:
        mail["In-Reply-To"] = f"<{envelope.root}@{domain}>"
        mail["References"] = f"<{envelope.root}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834
    mail["X-Auto-Response-Suppress"] = "All"
    mail["List-Id"] = f"rasid alerts <{re.sub(r'[^A-Za-z0-9-]', '-', name)}.rasid.{domain}>"
    mail["List-Unsubscribe"] = f"<mailto:{sender}?subject=unsubscribe>"
    if isinstance(message, IncidentMessage):
        mail["X-Rasid-Incident"] = f"{message.incident.id}; revision={message.incident.revision}"
        mail["X-Rasid-Severity"] = f"{message.incident.severity}; certainty={message.incident.certainty}"
    if message.mark:
        mail["X-Rasid-Mark"] = clean(message.mark)
    if envelope.minimal:
        mail.set_content(render_minimal(message))
        return mail
    mail.set_content(render_text(message), cte="base64")
    html = render_html(message)
    if len(html.encode()) <= HTML_LIMIT:
        mail.add_alternative(html, subtype="html", cte="base64")
        mail.set_boundary(f"=_{envelope.id}")  # the same bytes at every attempt
    return mail


def wire_format(mail: EmailMessage) -> bytes:
    """The bytes as sent: seven bits, CRLF only, no bare CR or LF (which some servers take for an end of message)."""
    body = mail.as_bytes(policy=WIRE)
    return re.sub(rb"\r\n|\r|\n", b"\r\n", body)


def _expect(answer: tuple[int, bytes], step: str, where: str, *, recipient_only: bool, good: int | None = None) -> None:
    code, text = answer
    if code == good or (good is None and 200 <= code < 300):
        return
    raise _refusal(code, f"{where}: {step} answered {code} {_shown(text)}".strip(), recipient_only)


def _refusal(code: int, why: str, recipient_only: bool) -> DeliveryError:
    if code in (552, 523):
        return TooLarge(why)
    if code in (530, 535):
        return ChannelRefused(why)
    if 500 <= code < 600:
        return Refused(why)
    # 421 says that the whole server is going; 450 and its kin speak of this mailbox.
    return TryLater(why, recipient_only=recipient_only and code != 421)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {_shown(text if isinstance(text, bytes) else text.encode())}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "no answer in time" if "timed out" in str(error) else "the server hung up"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _shown(text: bytes) -> str:
    return cut(clean(text.decode("utf-8", "replace")), 200)
