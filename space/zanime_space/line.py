"""Who is next: visitors take turns, each with one picture at a time, and see their place."""

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False)
class Ticket:
    visitor: str
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class LineFull(Exception):
    """Too many wait already."""


class Line:
    """Used from one event loop. Of the waiting visitors the one goes first whose last turn is
    longest ago; one visitor's tickets go in their order."""

    def __init__(self, places: int = 1, longest: int = 64):
        self._free = places
        self._longest = longest
        self._waiting: list[Ticket] = []
        self._served: list[Ticket] = []
        self._last_turn: dict[str, int] = {}
        self._turns = 0

    def join(self, visitor: str, is_bounded: bool = True) -> Ticket:
        """Raises LineFull, unless whoever joins has a bound of its own."""
        if is_bounded and len(self._waiting) >= self._longest:
            raise LineFull
        ticket = Ticket(visitor)
        self._waiting.append(ticket)
        self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """When it is done, and when its visitor gave up. Twice does no harm."""
        if ticket in self._served:
            self._served.remove(ticket)
            self._free += 1
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        self._advance()

    def before(self, ticket: Ticket) -> int:
        """How many pictures are made before this one: 0 when it is its turn."""
        if ticket not in self._waiting:
            return 0
        return len(self._served) + self._order().index(ticket)

    def _order(self) -> list[Ticket]:
        """The waiting tickets in the order of their turns, if nobody else came."""
        last, turns = dict(self._last_turn), self._turns
        rest, order = list(self._waiting), []
        while rest:
            ticket = min(rest, key=lambda one: last.get(one.visitor, 0))  # min keeps the first
            rest.remove(ticket)
            order.append(ticket)
            turns += 1
            last[ticket.visitor] = turns
        return order

    def _advance(self) -> None:
        while self._free and self._waiting:
            ticket = self._order()[0]
            self._waiting.remove(ticket)
            self._served.append(ticket)
            self._free -= 1
            self._turns += 1
            self._last_turn[ticket.visitor] = self._turns
            ticket.turn.set()
        if not self._waiting and not self._served:  # nobody left to be fair to
            self._last_turn.clear()
