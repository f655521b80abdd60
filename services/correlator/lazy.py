"""An attribute that is computed when somebody first asks. Pure."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["lazy"]

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - it stands where `property` stands
    """`functools.cached_property` without its lock, which before Python 3.12 costs more than most of what is kept
    here. A view is used by one thread only."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        # It has no __set__, so what is put into the instance is found there the next time, without a call.
        value: T = self._compute(instance)
        setattr(instance, self._name, value)
        return value
