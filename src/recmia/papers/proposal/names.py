"""What the main study's columns are called, and the words that its seeds are made from."""

STUDY = "proposal"

# A profile's readings of the proposal's augmentation, and what near-misses are in each.
AUGMENTED = {"augmented_as_nonmembers": "non-members", "augmented_trained": "trained on"}
PUBLISHED_READING = "augmented_as_nonmembers"
REAL_SESSIONS = "real_sessions"  # no near-misses at all, as in notebook 07

MLP = "MLP on scores"
LAST_STEP = "MLP on the last step's scores"
LOSS = "loss threshold"
BLIND = "blind baseline"
COVERAGE = "coverage baseline"
BIASED = "Biased-MIA"
DL = "DL-MIA"
POPULAR_SHARE = "share of the list among the most popular"
RANDOM_GUESS = "random guess"

# Where an attack's labels come from.
TARGET, SHADOW, NONE, RANDOM = "target", "shadow", "none", "random"
OTHER_MODEL = "scores of a model that saw neither cohort"

# Whom members are held against; "replaced": replaced members against replaced held-out.
HELDOUT, NEAR_MISS, REPLACED = "held-out", "near-miss", "replaced"
UNIQUE, NO_NEIGHBOURS = "unique sessions", "without neighbours"
# Every item was clicked by another trained session; by at least five others.
KNOWN, COMMON = "known items", "items of five others"
SUBSETS = (UNIQUE, NO_NEIGHBOURS, KNOWN, COMMON)

EARLY, BEST, LAST = "early", "best validation", "last"


def title_of(attack: str) -> str:
    """A registered attack in the study's words; its name where there are none."""
    titles = {"loss-threshold": LOSS, "biased-mia": BIASED, "dl-mia": DL}
    titles |= {"popular-share": POPULAR_SHARE, "random-guess": RANDOM_GUESS}
    titles |= {"me-mia": "ME-MIA", "shadow-free": "shadow-free attack"}
    return titles.get(attack, attack)


def seed_word(nonmembers: str) -> str:
    """Seeds were named by the whole words; new ones would change every number."""
    return "replaced members against replaced held-out" if nonmembers == REPLACED else nonmembers
