"""What notebook 05 attacks, and the rule that needs no learning."""

from recmia.papers.proposal import baselines
from recmia.papers.proposal.served import AFTER_THE_END, LISTS, ONE_MODEL, POPULARITY_LISTS


def test_every_serving_is_attacked():
    servings = {serving.serving for serving in baselines.SERVINGS}
    assert servings == {ONE_MODEL, AFTER_THE_END, POPULARITY_LISTS} == set(LISTS)
