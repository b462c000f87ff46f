"""What one address, or one phone, may do in a given time."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_KNOWN = 20_000  # addresses or phones that are remembered; the oldest are forgotten first


class Rate:
    """``most`` at once, and as many again every ``seconds``."""

    def __init__(
        self, most: int, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._now = most, seconds, now
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allows(self, who: Hashable) -> bool:
        """Whether ``who`` may do it once more, which counts."""
        now = self._now()
        left, since = self._left.pop(who, (float(self._most), now))
        left = min(left + (now - since) * self._most / self._seconds, self._most)
        allowed = left >= 1
        self._left[who] = (left - allowed, now)
        while len(self._left) > MOST_KNOWN:
            self._left.popitem(last=False)
        return allowed

    def give_back(self, who: Hashable) -> None:
        """What was allowed last does not count."""
        if who in self._left:
            left, since = self._left[who]
            self._left[who] = (left + 1, since)


class Guesses:
    """How many different codes an address may ask for in vain: then it gets none that it has not
    asked for before. So a class behind one address goes on when its server was restarted, or when
    somebody in it tries codes."""

    def __init__(
        self, most: int, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = Rate(most, seconds, now)
        self._asked: OrderedDict[tuple[str, str], bool] = OrderedDict()  # whether it counts

    def allows(self, address: str, code: str) -> bool:
        """Whether the address may learn if there is such a room."""
        if (address, code) in self._asked:
            return True
        if not self._rate.allows(address):
            return False
        self._asked[address, code] = True
        while len(self._asked) > MOST_KNOWN:
            self._asked.popitem(last=False)
        return True

    def found(self, address: str, code: str) -> None:
        """There is such a room, so the guess does not count."""
        if self._asked.get((address, code)):
            self._rate.give_back(address)
            self._asked[address, code] = False


def network_of(host: str | None) -> str:
    """The address that limits go by: of IPv6 the network that one household or phone has."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return host or ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
