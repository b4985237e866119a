"""Models of equal shape, which are trained together as one stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Model = TypeVar("Model")
Shape = TypeVar("Shape", bound=Hashable)


def stacked(
    models: Iterable[Model], shape: Callable[[Model], Shape], most: Callable[[Shape], int]
) -> list[tuple[Shape, tuple[Model, ...]]]:
    """Cut models into stacks of one shape each; within a shape they keep their order.

    Args:
        models: what is trained.
        shape: what the members of a stack have in common.
        most: members of a stack of that shape: enough to fill the vector units, few enough to
            leave work for every process and features in memory.
    """
    groups: dict[Shape, list[Model]] = defaultdict(list)
    for model in models:
        groups[shape(model)].append(model)
    return [
        (of, tuple(members[start : start + most(of)]))
        for of, members in groups.items()
        for start in range(0, len(members), most(of))
    ]
