"""What the audit's columns are called."""

STUDY = "frontier"

BEST, LAST = "best validation", "last"
KNOWN = "known items"  # every item was clicked by another trained session

# What of a model is seen of a session, each more than the one before: its key in files.
TOP_1, TOP_K, SCORES, SUM, WEIGHTS = "top-1", "top-k", "scores", "sum", "weights"
VIEWS = (TOP_1, TOP_K, SCORES, SUM, WEIGHTS)
OVER_STEPS = "sum over the steps"

# Scores of a user's sessions as one.
USER_MEAN, USER_LARGEST = "user-mean", "user-largest"
OF_USERS = {
    USER_MEAN: "mean over a user's sessions",
    USER_LARGEST: "largest of a user's sessions",
}

# Attacks that need no shadow for their scores.
LOSS, POPULATION, TRAJECTORY = "loss threshold", "population", "loss trajectory"
NEED_NO_SHADOW = (LOSS, POPULATION, TRAJECTORY)
QUANTILE = "quantile regression"
# The engine's scores (`recmia.likelihood_ratio.scores.SCORES`) by what they are called here.
ENGINE = {
    "calibration": "difficulty calibration",
    "lira_online": "LiRA, online",
    "lira_offline": "LiRA, offline",
    "base1_online": "BASE1, online",
    "base1_offline": "BASE1, offline",
    "base2_online": "BASE2, online",
    "base3_online": "BASE3, online",
    "base4_online": "BASE4, online",
    "bavaria_n_online": "BaVarIA-n, online",
    "bavaria_n_offline": "BaVarIA-n, offline",
    "bavaria_t_online": "BaVarIA-t, online",
    "bavaria_t_offline": "BaVarIA-t, offline",
}
TWO_SIDED = "LiRA, offline, two-sided form"
MAIN = ENGINE["bavaria_t_online"]  # chosen beforehand: it needs few shadows
MLP, ME_MIA, SHADOW_FREE = "MLP on scores", "ME-MIA", "shadow-free attack"
BLIND, COVERAGE = "blind baseline", "coverage baseline"


def rmia(form: str, gamma: float) -> str:
    """RMIA under one γ; ``form`` is "online" or "offline"."""
    return f"RMIA, {form}, γ = {gamma:g}"


RMIA_CHOSEN = f"{rmia('offline', 1)}, a chosen on a shadow"  # the others have a fixed one
SEEDED = (QUANTILE, MLP, ME_MIA)  # attacks that another seed may give other guesses


def interface(view: str, top_k: int) -> str:
    """What is seen, in words of the result column ``serving``."""
    words = {TOP_1: "top-1", TOP_K: f"top-{top_k}"} | dict.fromkeys((SUM, *OF_USERS), SCORES)
    return words.get(view, view)
