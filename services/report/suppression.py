"""Hides small counts so that none of them can be worked out from what is shown. Pure.

Every table of a report is a set of sums: results add up to a unit kind, unit kinds to a district, districts to the
territory. Each figure stands in exactly two of these sums, once on each side. So the figures are the arcs of a network
and the sums are its nodes: at each node, what comes in is what goes out. (Two-way tables with a hierarchy in one
dimension always have this form; Cox 1995, Fischetti and Salazar 2001.)

- *Primary*: figures from 1 to below the limit are hidden.
- *Secondary*: a hidden figure can be something else only if a cycle of hidden figures leads through it, around which
  one is added and taken away in turn without any of them falling below zero. Where there is no such cycle, the cheapest
  further figures that close one are hidden too.

A reader who knows all sums, and that no count is negative, then finds at least two values for each hidden figure. Which
figures were hidden for being small and which to protect those is not told: a hidden figure may be anything, also zero.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

__all__ = ["Cell", "hidden"]

Node = Hashable


class Cell(NamedTuple):
    """One figure: counted on one side of the sum `tail` and on the other of the sum `head`.

    `small_matters`: it is hidden where it is small. `reluctance`: how little we like to hide it to protect others;
    None: it is always shown."""

    name: Hashable
    tail: Node
    head: Node
    value: int
    small_matters: bool
    reluctance: int | None


_ZERO = 1_000
"""What hiding a zero costs. Where a zero can only be a zero (a hotline does not place anybody), readers know it; so it
protects others badly, and is taken only where nothing else is left."""

_Steps = dict[Node, list[tuple[Node, Cell]]]


def hidden(cells: Sequence[Cell], below: int) -> frozenset[Hashable]:
    """The names of the figures to hide: those from 1 to less than `below`, and those that protect them.

    The same cells give the same result in any order. Raises ValueError where the cells are no consistent table, or
    where the figures that are always shown already tell a small one."""
    in_order = sorted(cells, key=lambda cell: repr(cell.name))
    _must_add_up(in_order)
    steps = _steps(in_order)
    taken = {cell.name for cell in in_order if cell.small_matters and 0 < cell.value < below}
    # the largest first: what protects them protects most of the small ones too
    for cell in sorted(in_order, key=lambda cell: -cell.value):
        if cell.name in taken:
            taken |= _protection(cell, steps, taken)
    # what was hidden on the way must be safe itself, and it is: it lies on the cycle that it closed
    return frozenset(taken)


def _must_add_up(cells: Iterable[Cell]) -> None:
    balance: dict[Node, int] = {}
    for cell in cells:
        balance[cell.tail] = balance.get(cell.tail, 0) - cell.value
        balance[cell.head] = balance.get(cell.head, 0) + cell.value
    if wrong := [node for node, rest in balance.items() if rest]:
        raise ValueError(f"the figures do not add up at {wrong[0]!r}")


def _steps(cells: Iterable[Cell]) -> _Steps:
    """From each sum, the sums to which one unit can be moved: along a figure (it grows), or against it (it shrinks,
    if there is anything to take)."""
    steps: _Steps = {}
    for cell in cells:
        if cell.reluctance is None:
            continue
        steps.setdefault(cell.tail, []).append((cell.head, cell))
        if cell.value > 0:
            steps.setdefault(cell.head, []).append((cell.tail, cell))
    return steps


def _protection(cell: Cell, steps: _Steps, taken: set[Hashable]) -> set[Hashable]:
    """The further figures that have to be hidden so that this one could be one more, or one less."""
    ways = [_cheapest(cell.head, cell.tail, cell, steps, taken)]
    if cell.value > 0:
        ways.append(_cheapest(cell.tail, cell.head, cell, steps, taken))
    found = [way for way in ways if way is not None]
    if not found:
        raise ValueError(f"{cell.name!r} is told by the figures that are always shown")
    return min(found, key=lambda way: way[0])[1]


def _cheapest(
    start: Node, goal: Node, without: Cell, steps: _Steps, taken: set[Hashable]
) -> tuple[int, set[Hashable]] | None:
    """(cost, figures to hide) of the cheapest way; what is hidden already costs nothing."""
    best: dict[Node, int] = {start: 0}
    came: dict[Node, tuple[Node, Cell]] = {}
    queue: list[tuple[int, int, Node]] = [(0, 0, start)]
    order = 0
    while queue:
        cost, _, node = heappop(queue)
        if node == goal:
            return cost, _figures_of(came, start, goal)
        if cost > best[node]:
            continue
        for to, cell in steps.get(node, ()):
            if cell is without:
                continue
            further = cost + (0 if cell.name in taken else _price(cell))
            if to not in best or further < best[to]:
                best[to], came[to] = further, (node, cell)
                order += 1
                heappush(queue, (further, order, to))
    return None


def _figures_of(came: Mapping[Node, tuple[Node, Cell]], start: Node, goal: Node) -> set[Hashable]:
    figures: set[Hashable] = set()
    while goal != start:
        goal, cell = came[goal]
        figures.add(cell.name)
    return figures


def _price(cell: Cell) -> int:
    assert cell.reluctance is not None
    return 1 + cell.reluctance + (cell.value or _ZERO)
