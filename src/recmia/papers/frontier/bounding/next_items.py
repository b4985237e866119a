"""The audit of next items: the click that ended a session, or a draw from a reference?

No canary and no retraining: each model of the first game is audited by what it says of the last
clicks of sessions. The reference is made of other models that lack these sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from recmia.evaluation.bounds.observational import show
from recmia.papers.frontier.dealing import load_pool, shadows_of
from recmia.recommenders import transformer
from recmia.recommenders.epochs import load_record
from recmia.recommenders.ranking import without_last_click
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM, Sessions
from recmia.storage import write_arrays

REFERENCES = 2  # models of a reference, each of a pair of its own
ROWS_AT_ONCE = 64  # steps whose probabilities of all items are held together
FLATTEST = 4.0
FITTED_ON = 1000  # sessions that the reference's exponent is fitted on


def references_of(target: int, models: int) -> list[int]:
    """The models that a target's reference is made of: shadows of different pairs."""
    return shadows_of(target, models)[::2][:REFERENCES]


def keep_shown(
    path: Path,
    pool: Path,
    model: Path,
    references: Sequence[Path],
    *,
    epoch: int,
    reference_epoch: int,
    target: int,
    numbers: Sequence[int],
    members: bool,
    steps: int,
    seed: int,
    device: str,
) -> None:
    """Show the last click of each of some sessions, or an item drawn from the reference, by coin.

    Neither was any model of the reference trained on them; the target was (``members``), or was not
    either. The reference is the mean of its models' probabilities of all items at the epoch that
    validation chooses, flattened by one exponent that is fitted on validation sessions: models are
    too sure of themselves, and an item that is drawn from too sharp a reference is known by it.

    Writes ``scores`` float64 [n] (`recmia.evaluation.bounds.observational.Shown`), ``real`` bool
    [n], and ``exponent``.

    Args:
        path: of the result.
        pool: of the game.
        model: folder of the target.
        references: folders of the reference's models.
        epoch: of the target.
        reference_epoch: of the reference.
        target: number of the target.
        numbers: of the reference's models.
        members: whether the sessions are the target's members.
        steps: sessions, at most.
        seed: of the choice of sessions, and of coins and draws.
        device: torch device.
    """
    drawn = load_pool(pool)
    free = (drawn.coins[:, target] == members) & ~drawn.coins[:, list(numbers)].any(axis=1)
    rows = generator(seed, "sessions").permutation(np.flatnonzero(free))[:steps]
    networks = [load_record(folder).load(reference_epoch) for folder in references]
    own = load_record(model).load(epoch)
    exponent = _exponent(networks, drawn.validation[:FITTED_ON], device)
    before, last = without_last_click(drawn.pool[rows])
    shown = show(
        last - FIRST_ITEM,
        _of([own], before, device),
        _of(networks, before, device, exponent),
        seed=seed,
        rows_at_once=ROWS_AT_ONCE,
    )
    write_arrays(path, scores=shown.scores, real=shown.real, exponent=np.float64(exponent))


def log_probabilities(
    networks: Sequence[torch.nn.Module], histories: Sessions, device: str, exponent: float = 1.0
) -> np.ndarray:
    """float64 [n, V - 3]: log of the models' mean probability of each item as the next click.

    Args:
        networks: causal models.
        histories: n sessions.
        device: torch device.
        exponent: that the mean is raised to before it is made to sum to 1 again.
    """
    length = int(histories.lengths.max())
    clicks = torch.from_numpy(histories.clicks[:, :length]).to(device)
    lengths = torch.from_numpy(histories.lengths).to(device)
    found = []
    for network in networks:
        with transformer.evaluating(network, device):
            states = transformer.next_item_states(network, clicks, lengths)
            logits = transformer.project(network, states)[:, FIRST_ITEM:].double()
            found.append(logits.log_softmax(dim=1).cpu().numpy())
    mean = found[0] if len(found) == 1 else logsumexp(found, axis=0) - np.log(len(found))
    if exponent == 1:
        return mean
    raised = exponent * mean
    return raised - logsumexp(raised, axis=1, keepdims=True)


def _of(
    networks: Sequence[torch.nn.Module], histories: Sessions, device: str, exponent: float = 1.0
) -> Callable[[slice], np.ndarray]:
    return lambda part: log_probabilities(networks, histories[part], device, exponent)


def _exponent(networks: Sequence[torch.nn.Module], sessions: Sessions, device: str) -> float:
    """Fitted on the last clicks of sessions that nobody was trained on."""
    before, last = without_last_click(sessions)
    parts = [slice(start, start + ROWS_AT_ONCE) for start in range(0, len(sessions), ROWS_AT_ONCE)]
    found = [log_probabilities(networks, before[part], device) for part in parts]
    return fitted_exponent(np.concatenate(found), last - FIRST_ITEM)


def fitted_exponent(low: np.ndarray, items: np.ndarray) -> float:
    """The exponent of probabilities under which some items are likeliest: 1 over a temperature.

    Args:
        low: float [n, V], log-probabilities.
        items: int64 [n], columns.
    """

    def loss(exponent: float) -> float:
        raised = exponent * low
        return float((logsumexp(raised, axis=1) - raised[np.arange(len(items)), items]).mean())

    best = minimize_scalar(
        loss, bounds=(1 / FLATTEST, FLATTEST), method="bounded", options={"xatol": 1e-3}
    )
    return float(best.x)
