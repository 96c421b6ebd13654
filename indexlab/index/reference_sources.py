"""What one source has said so far, and how it stands at a publication: newest, latency, silence, unchanged, windows, volume."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from indexlab.index.reference_inputs import Brought, Trade
from indexlab.index.reference_numbers import as_double, exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexlab.index.reference_inputs import Observation
    from indexlab.index.rules import Declaration

__all__ = ["Arrivals", "Memory", "Stand", "Standing"]

Stand: TypeAlias = Literal["live", "reference", "stale", "invalid", "absent"]
"""How a source stands: it counts; it is stale but stays in the outlier rule's reference (weight-0); it is out for one of the three reasons."""


class Standing(NamedTuple):
    """How a source stands at a publication, and what it brings where it is live or in the reference."""

    stand: Stand
    brought: Brought | None = None


class Arrivals:
    """Observations in the order in which they came."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        self._waiting = list(observations)[::-1]

    def until(self, time: int) -> Iterator[Observation]:
        """Give those received at or before a time that were not given yet."""
        while self._waiting and self._waiting[-1].receive_time <= time:
            yield self._waiting.pop()


def _reaches(age: int, limit: int | None, at_limit: str) -> bool:
    return limit is not None and (age > limit or (age == limit and at_limit == "stale"))


class Memory:
    """What one source has said so far, as far as the rules remember it."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._newest: Observation | None = None
        self._everything: list[Observation] = []
        self._is_excluded = False
        self._is_delayed = False
        self._changed_at = 0

    # -------------------------------------------------------------------------------------------------------------- hearing

    def hear(self, observation: Observation) -> None:
        """Take in one observation, in the order of arrival."""
        self._everything.append(observation)
        if self._is_late(observation):
            return
        if observation.brought is not None:
            self._hear_valid(observation, observation.brought)
        elif self._declaration.validity.invalid == "exclude":
            self._is_excluded = True

    def _hear_valid(self, observation: Observation, brought: Brought) -> None:
        latency = self._declaration.latency
        is_delayed = _reaches(observation.receive_time - observation.event_time, latency.limit_us, latency.at_limit)
        if is_delayed and latency.action == "hold":
            return
        before = None if self._newest is None else self._newest.brought
        if before is None or as_double(before.price) != as_double(brought.price):
            self._changed_at = self._clock(observation)
        self._newest, self._is_excluded, self._is_delayed = observation, False, is_delayed

    def _is_late(self, observation: Observation) -> bool:
        by_event = self._declaration.staleness.clock == "event"
        return by_event and self._newest is not None and observation.event_time < self._newest.event_time

    def _clock(self, observation: Observation) -> int:
        return observation.event_time if self._declaration.staleness.clock == "event" else observation.receive_time

    # -------------------------------------------------------------------------------------------------------------- standing

    def standing_at(self, time: int) -> Standing:
        """Say how the source stands at a time; live and reference come with what it brings."""
        if not self._everything:
            return Standing("absent")
        if self._is_excluded or not any(observation.brought for observation in self._everything):
            return Standing("invalid")
        brought = self._brings_at(time)
        if self._newest is None or brought is None:
            return Standing("stale")
        actions = self._stale_actions(self._newest, time)
        if "drop" in actions:
            return Standing("stale")
        return Standing("reference" if "weight-0" in actions else "live", brought)

    def _stale_actions(self, newest: Observation, time: int) -> set[str]:
        """Return what the rules do about the silence, the delay and the sameness of a source at a time."""
        staleness, unchanged = self._declaration.staleness, self._declaration.unchanged
        age = max(time - self._clock(newest), 0)
        actions: set[str] = set()
        if _reaches(age, staleness.silence_us, staleness.at_limit):
            actions.add(staleness.action)
        if _reaches(age, staleness.remove_after_us, staleness.at_limit):
            actions.add("drop")
        if self._is_delayed:
            actions.add(self._declaration.latency.action)
        if _reaches(max(time - self._changed_at, 0), unchanged.limit_us, unchanged.at_limit):
            actions.add(unchanged.action)
        return actions

    def own_price_at(self, time: int) -> Brought | None:
        """Return the newest valid price, at most `staleness.silence` old: what a rule that asks for the venue's own price gets."""
        silence, newest = self._declaration.staleness.silence_us, self._newest
        if newest is None or (silence is not None and time - self._clock(newest) > silence):
            return None
        return newest.brought

    # -------------------------------------------------------------------------------------------------------------- windows

    def _brings_at(self, time: int) -> Brought | None:
        brought = None if self._newest is None else self._newest.brought
        if self._declaration.input.price in {"vwap", "tvwap"}:
            return self._mean_in_window(time)
        if self._declaration.input.price == "trades" and brought is not None:
            return brought._replace(trades=tuple(self._trades(time - self._window, time - 1)))
        return brought

    @property
    def _window(self) -> int:
        return self._declaration.input.window_us or 0

    def _trades(self, first: int, last: int) -> Iterator[Trade]:
        """Give the valid observations that count with a size, event times `first` to `last`."""
        for said in self._everything:
            if said.brought is not None and said.size > 0 and first <= said.event_time <= last:
                yield Trade(said.event_time, said.brought.price, said.size)

    def _mean_in_window(self, time: int) -> Brought | None:
        sizes = [(trade.price, self._size_at(trade, time)) for trade in self._trades(time - self._window + 1, time)]
        total = sum((size for _, size in sizes), Fraction(0))
        if total == 0:
            return None
        return Brought(sum((price * size for price, size in sizes), Fraction(0)) / total, behind=total)

    def _size_at(self, trade: Trade, time: int) -> Fraction:
        if self._declaration.input.price == "vwap":
            return trade.size
        least = exact(self._declaration.input.least_time_weight)
        return trade.size * (least + (1 - least) * Fraction(self._window - (time - trade.event_time), self._window))

    def volume_at(self, time: int) -> Fraction:
        """Return the volume received in the window of `weights`."""
        weights = self._declaration.weights
        end = time // weights.refresh_us * weights.refresh_us if weights.refresh_us else time
        window = weights.window_us
        heard = (said for said in self._everything if said.brought is not None and said.receive_time <= end)
        return sum((said.volume for said in heard if window is None or said.receive_time > end - window), Fraction(0))

    def traded_at(self, time: int) -> Fraction:
        """Return the size behind the input's price; 0 where there is none."""
        brought = self._brings_at(time)
        return Fraction(0) if brought is None else brought.behind
