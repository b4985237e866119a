"""The scores by name, what each needs of the shadows, and all that some shadows allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from recmia.likelihood_ratio import base, bavaria, lira, rmia, thresholds
from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.likelihood_ratio.quantile import quantile

LOSS, QUANTILE = "loss", "quantile"


@dataclass(frozen=True)
class Score:
    """A likelihood-ratio attack.

    Attributes:
        compute: of target and shadows, float64 [n].
        source: its paper.
        needs: what a record needs to be scored, in words.
    """

    compute: Callable[[Target, Shadows], np.ndarray]
    source: str
    needs: str


_OUT = "a shadow that was not trained on the record"
_BOTH = "a shadow that was trained on the record and one that was not"
_PRIOR = "shadows trained on some records and not on others"
_CARLINI = "Carlini et al., S&P 2022"
_LASSILA = "Lassila et al. 2025"
_ZARIFZADEH = "Zarifzadeh et al., ICML 2024"
_BAVARIA = "BaVarIA 2026"

SCORES: dict[str, Score] = {
    "calibration": Score(thresholds.calibration, "Watson et al., ICLR 2022", _OUT),
    "lira_online": Score(lira.lira_online, _CARLINI, _BOTH),
    "lira_offline": Score(lira.lira_offline, _CARLINI, _OUT),
    "base1_online": Score(base.base1_online, _LASSILA, "a shadow"),
    "base1_offline": Score(base.base1_offline, _LASSILA, _OUT),
    "base2_online": Score(base.base2_online, _LASSILA, "two shadows"),
    "base3_online": Score(base.base3_online, _LASSILA, f"three shadows: {_BOTH}"),
    "base4_online": Score(base.base4_online, _LASSILA, "two shadows of either kind"),
    "rmia_online": Score(rmia.rmia_online, _ZARIFZADEH, "a shadow"),
    "rmia_offline": Score(rmia.rmia_offline, _ZARIFZADEH, _OUT),
    "bavaria_n_online": Score(bavaria.bavaria_n_online, _BAVARIA, _PRIOR),
    "bavaria_n_offline": Score(bavaria.bavaria_n_offline, _BAVARIA, _PRIOR),
    "bavaria_t_online": Score(bavaria.bavaria_t_online, _BAVARIA, _PRIOR),
    "bavaria_t_offline": Score(bavaria.bavaria_t_offline, _BAVARIA, _PRIOR),
}
SOURCES = {
    LOSS: "Yeom et al., CSF 2018",
    **{name: score.source for name, score in SCORES.items()},
    QUANTILE: "Bertran et al., NeurIPS 2023",
}
NEEDS = {
    LOSS: "nothing but the target",
    **{name: score.needs for name, score in SCORES.items()},
    QUANTILE: "records that a shadow was not trained on",
}


@dataclass(frozen=True)
class ShadowSignals:
    """n records under K shadows, as they were read.

    Attributes:
        log_likelihood: float [n, K], see `Target`.
        signal: float [n, K].
        membership: bool [n, K].
        features: float [n, F], what is known of a record without any model.
    """

    log_likelihood: np.ndarray
    signal: np.ndarray
    membership: np.ndarray
    features: np.ndarray

    def as_target(self, model: int) -> Target:
        """A shadow in the target's place."""
        return Target(
            self.log_likelihood[:, model].astype(np.float64),
            self.signal[:, model].astype(np.float64),
        )


def score_all(
    target: Target,
    known: ShadowSignals,
    *,
    models: Iterable[int] | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Every score that the shadows allow for a record at least.

    Args:
        target: n records.
        known: the same records under the shadows.
        models: the shadows to use; None for all.
        seed: of the quantile regression.

    Returns:
        float64 [n] by name, in the order of ``SOURCES``; NaN where a record cannot be scored.
    """
    columns = list(range(known.signal.shape[1]) if models is None else models)
    found = {LOSS: thresholds.loss(target)}
    if columns:
        shadows = Shadows.of(known.log_likelihood, known.signal, known.membership, columns)
        found |= {name: score.compute(target, shadows) for name, score in SCORES.items()}
        outside = ~known.membership[:, columns]
        found[QUANTILE] = quantile(
            target, known.features, known.signal[:, columns], outside, seed=seed
        )
    return {name: scores for name, scores in found.items() if not np.isnan(scores).all()}
