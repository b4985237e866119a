"""Ids that one file writes in another way than another: '7' and '7.0', 'A1' and 'a1 '."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from recmia.audit.tables import AuditTable
from recmia.audit.vectors import places

SHARE = 0.1  # of the ids that match nothing; fewer are alike by chance


def plain(name: str) -> str:
    """An id without what programs add on the way: blanks, quotation marks, zeros, capitals."""
    text = name.strip().strip("'\"").strip().casefold()
    return re.sub(r"^0+(?=.)|\.0+$", "", text) if re.fullmatch(r"\d+(\.0+)?", text) else text


def check_spelling(file: AuditTable, column: str, others: pa.Array, where: str) -> None:
    """Refuse a file whose ids would match another's if both wrote them in one way.

    Args:
        file: of whose ids some match none of the others.
        column: its column of ids.
        others: ids of the other file.
        where: the other file, in words.

    Raises:
        DataError: a tenth or more of the ids without a match have one that is written otherwise.
    """
    ids = file.ids[column]
    alone = np.flatnonzero(places(ids.names, others) < 0)
    if not len(alone):
        return
    meant = {plain(name): name for name in others.to_pylist()}
    names = ids.names.take(pa.array(alone)).to_pylist()
    twins = [(code, meant[plain(name)]) for code, name in zip(alone, names) if plain(name) in meant]  # noqa: B905
    if not twins or len(twins) < SHARE * len(alone):
        return
    code, other = twins[0]
    row = int(np.flatnonzero(ids.codes == code)[0])
    raise file.error(
        row,
        column,
        f"'{ids.names[int(code)].as_py()}' is '{other}' in {where}: {len(twins):,} of the "
        f"{len(alone):,} ids without a match are written in another way there",
        "write ids in the same way in all files, such as by reading them as text.",
    )
