"""No hidden figure can be worked out: by sums and differences of what is shown, or by trying what is possible."""

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.report.suppression import Cell, hidden

LIMIT = 5
RARELY = 100_000

Values = dict[tuple[str, str, str], int]
"""(district, unit kind, result) -> count."""


def table(values: Values) -> list[Cell]:
    """Districts by results within unit kinds, with all their sums."""
    cells = [Cell((d, k, r), (k, r), (d, k), value, True, 0) for (d, k, r), value in values.items()]

    def total(*wanted: int) -> dict[tuple[str, ...], int]:
        sums: dict[tuple[str, ...], int] = {}
        for name, value in values.items():
            part = tuple(name[place] for place in wanted)
            sums[part] = sums.get(part, 0) + value
        return sums

    several = len(total(1)) > 1  # of one kind alone the district's total tells
    for (d, k), value in total(0, 1).items():
        cells.append(Cell(("dk", d, k), (d, k), d, value, several, 50 if several else None))
    cells += [Cell(("d", d), d, "all", value, False, None) for (d,), value in total(0).items()]
    cells += [Cell(("kr", k, r), k, (k, r), value, False, RARELY) for (k, r), value in total(1, 2).items()]
    cells += [Cell(("k", k), "all", k, value, False, RARELY) for (k,), value in total(1).items()]
    return cells


def tables(most: int, *sizes: int) -> st.SearchStrategy[Values]:
    names = list(product(*([f"{axis}{n}" for n in range(size)] for axis, size in zip("dkr", sizes, strict=True))))
    counts = st.one_of(st.just(0), st.integers(0, min(6, most)), st.integers(0, most))
    return st.lists(counts, min_size=len(names), max_size=len(names)).map(
        lambda found: dict(zip(names, found, strict=True))  # type: ignore[arg-type]
    )


def sums(cells: Sequence[Cell], unknown: frozenset[Hashable]) -> Iterator[tuple[dict[Hashable, int], int]]:
    """Every sum as an equation over what is hidden: (coefficients, what they must come to)."""
    for node in {cell.tail for cell in cells} | {cell.head for cell in cells}:
        factors: dict[Hashable, int] = {}
        known = 0
        for cell in cells:
            side = (cell.head == node) - (cell.tail == node)
            if cell.name in unknown:
                factors[cell.name] = side
            else:
                known += side * cell.value
        yield {name: side for name, side in factors.items() if side}, -known


def worked_out(cells: Sequence[Cell], unknown: frozenset[Hashable]) -> set[Hashable]:
    """The hidden figures that follow from the sums by any subtraction whatever (Gauss-Jordan elimination)."""
    names = sorted(unknown, key=repr)
    rows = [[Fraction(factors.get(name, 0)) for name in names] for factors, _ in sums(cells, unknown)]
    done: list[list[Fraction]] = []
    for column in range(len(names)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        pivot = [value / pivot[column] for value in pivot]
        rows, done = (
            [[a - row[column] * b for a, b in zip(row, pivot, strict=True)] for row in some] for some in (rows, done)
        )
        done.append(pivot)
    return {names[row.index(1)] for row in done if sum(1 for value in row if value) == 1}


@settings(max_examples=80, deadline=None)
@given(tables(40, 4, 1, 4) | tables(40, 3, 3, 2) | tables(9, 5, 2, 2))
def test_no_hidden_figure_follows_from_sums_and_differences(values: Values) -> None:
    cells = table(values)
    taken = hidden(cells, LIMIT)
    assert worked_out(cells, taken) == set()


@settings(max_examples=80, deadline=None)
@given(tables(40, 4, 1, 4) | tables(40, 3, 3, 2))
def test_every_small_figure_is_hidden_and_nothing_where_none_is_small(values: Values) -> None:
    cells = table(values)
    taken = hidden(cells, LIMIT)
    small = {cell.name for cell in cells if cell.small_matters and 0 < cell.value < LIMIT}
    assert small <= taken
    assert small or not taken
    assert not any(cell.name in taken for cell in cells if cell.reluctance is None)


def possible(values: Values, taken: frozenset[Hashable]) -> list[Values]:
    """Every table of counts that shows the same as this one: tried one by one."""
    shown = {cell.name: cell.value for cell in table(values) if cell.name not in taken}
    unknown = [name for name in values if name in taken]
    most = max(values.values(), default=0) + 2
    found = []
    for guess in product(range(most + 1), repeat=len(unknown)):
        other = {**values, **dict(zip(unknown, guess, strict=True))}
        if all(cell.name in taken or shown[cell.name] == cell.value for cell in table(other)):
            found.append(other)
    return found


@settings(max_examples=15, deadline=None)
@given(tables(2, 2, 1, 3) | tables(2, 3, 1, 2) | tables(3, 2, 2, 1))
def test_who_tries_all_that_is_possible_finds_more_than_one_value(values: Values) -> None:
    """Sums, and that no count is negative: the strongest that a reader of the tables can know."""
    taken = hidden(table(values), LIMIT)
    tables_that_fit = possible(values, taken)
    for name in taken & values.keys():
        assert len({other[name] for other in tables_that_fit}) > 1, name  # type: ignore[index]


@settings(max_examples=40, deadline=None)
@given(tables(12, 3, 2, 2), st.randoms(use_true_random=False))
def test_the_order_in_which_figures_are_given_makes_no_difference(values: Values, dice: object) -> None:
    cells = table(values)
    shuffled = list(cells)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert hidden(shuffled, LIMIT) == hidden(cells, LIMIT)


def test_the_smallest_figure_beside_it_protects_a_small_one() -> None:
    values = {
        ("d0", "k", "r0"): 2,
        ("d0", "k", "r1"): 30,
        ("d0", "k", "r2"): 8,
        ("d1", "k", "r0"): 9,
        ("d1", "k", "r1"): 40,
        ("d1", "k", "r2"): 7,
    }
    assert hidden(table(values), LIMIT) == {
        *(("d0", "k", "r0"), ("d0", "k", "r2")),
        *(("d1", "k", "r0"), ("d1", "k", "r2")),
    }


def test_where_one_district_is_all_there_is_the_territory_is_hidden_with_it() -> None:
    values = {("d0", "k", "r0"): 2, ("d0", "k", "r1"): 30}
    taken = hidden(table(values), LIMIT)
    assert {("kr", "k", "r0"), ("kr", "k", "r1")} <= taken
    assert ("d", "d0") not in taken


def test_figures_that_do_not_add_up_are_no_table() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        hidden([Cell("one", "a", "b", 3, True, 0), Cell("other", "b", "a", 4, True, 0)], LIMIT)


def test_a_small_figure_that_the_shown_ones_tell_is_an_error_never_a_leak() -> None:
    with pytest.raises(ValueError, match="always shown"):
        hidden([Cell("small", "a", "b", 3, True, 0), Cell("total", "b", "a", 3, False, None)], LIMIT)
