"""What a profile may say of the game."""

import pytest

from recmia.errors import SettingsError
from recmia.run.settings import load_settings


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"frontier.counts": [1, 2]}, "counts must rise and end at shadows"),
        ({"frontier.counts": [1, 3, 4]}, "1 or even"),
        ({"frontier.shadows": 5}, "multiple of 2"),
        ({"frontier.targets": 7}, "shadows \\+ 2 models"),
        ({"frontier.target.architecture": "xlnet"}, "causal models"),
        ({"bounds.models": 4}, "greater than or equal to 6"),
        ({"bounds.fixed": 9}, "two at least have to be left"),
        ({"bounds.samples": [10, 1]}, "samples must rise"),
    ],
)
def test_games_that_cannot_be_played_are_refused(overrides, message):
    with pytest.raises(SettingsError, match=message):
        load_settings("tiny", overrides)
