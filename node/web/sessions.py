"""Who may use the page: one-time opening codes and the sessions they become. In memory only; a restart ends them all.

The page lock is here: a locked session is let in again by the passphrase, while the node goes on. The vault lock, which wipes the keys, is
the node's; it ends sessions. It refuses to know what a session is allowed to do: there is one person at a desk.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

CODE_LIFE_MS = 60_000
IDLE_MS = 12 * 3600 * 1000
MOST_CODES = 8
MOST_SESSIONS = 16
MOST_WRONG = 20
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LETTERS = 12


@dataclass(slots=True)
class Session:
    """One browser that was let in. `scratch` holds what a flow of several pages keeps; it ends with the session, or when that is locked."""

    id: str
    token: str
    seen: int
    notice: tuple[str, str] | None = None
    look: str = ""
    locked: bool = False
    scratch: dict[str, object] = field(default_factory=dict)

    def take_notice(self) -> tuple[str, str]:
        """What is said once, and its kind; from now on it is said. Both empty for nothing."""
        taken, self.notice = self.notice or ("", ""), None
        return taken


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter in _LETTERS)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class Sessions:
    """Codes live 60 s and work once; a session is locked after `idle_ms` without a request. Both are bounded in number."""

    def __init__(self, now: Callable[[], int], idle_ms: int = IDLE_MS) -> None:
        self._now = now
        self._idle_ms = idle_ms
        self._codes: dict[bytes, int] = {}
        self._sessions: dict[bytes, Session] = {}
        self._wrong = 0

    def issue_code(self) -> str:
        """A code of 60 bits for the fragment of the link, short enough to be typed: `K7QF-9M2X-PD4W`."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
        self._codes[_digest(code)] = self._now() + CODE_LIFE_MS
        while len(self._codes) > MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._wrong = 0
        return "-".join(code[at : at + 4] for at in range(0, _CODE_LETTERS, 4))

    def redeem(self, code: str) -> Session | None:
        """The new session for a code that is unused and in time; None otherwise. Many wrong codes void all of them."""
        expires = self._codes.pop(_digest(_plain(code)), None)
        if expires is None or expires < self._now():
            self._wrong += 1
            if self._wrong >= MOST_WRONG:
                self._codes.clear()
            return None
        return self.start()

    def start(self) -> Session:
        """A new session; the one unused for longest makes room."""
        session = Session(id=secrets.token_urlsafe(32), token=secrets.token_urlsafe(32), seen=self._now())
        self._sessions[_digest(session.id)] = session
        if len(self._sessions) > MOST_SESSIONS:
            oldest = min(self._sessions, key=lambda key: self._sessions[key].seen)
            del self._sessions[oldest]
        return session

    def find(self, cookie: str, *, use: bool = True) -> Session | None:
        """The session of a cookie, perhaps locked. Finding it counts as `use`, unless it is locked or the page asked by itself."""
        key = _digest(cookie)
        session = self._sessions.get(key)
        if session is None:
            return None
        if session.seen + self._idle_ms < self._now():
            _lock(session)
        if use and not session.locked:
            session.seen = self._now()
        return session

    def lock_page(self) -> None:
        """Lock every page: nothing is shown or taken there until the passphrase is typed. The node goes on."""
        for session in self._sessions.values():
            _lock(session)
        self._codes.clear()

    def release(self, session: Session) -> None:
        """The passphrase was typed: the page goes on, under another token."""
        session.locked, session.seen, session.token = False, self._now(), secrets.token_urlsafe(32)

    def last_use(self) -> int:
        """When a person last asked for something; 0 when nobody did."""
        return max((session.seen for session in self._sessions.values()), default=0)

    def end_all(self) -> None:
        """Locking the vault ends every page."""
        self._sessions.clear()
        self._codes.clear()


def _lock(session: Session) -> None:
    session.locked, session.notice = True, None
    session.scratch.clear()


def same_token(session: Session, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(session.token.encode(), given.encode("utf-8", "surrogatepass"))
