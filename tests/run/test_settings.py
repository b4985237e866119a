"""Profiles are checked; unknown keys and contradictions are refused by name."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from recmia.cli import parse_overrides
from recmia.cohorts import draw_cohorts
from recmia.device import worker_count
from recmia.errors import DataError, SettingsError
from recmia.run.pipeline import make_plan
from recmia.run.registry import papers
from recmia.run.settings import load_settings, profile_names
from recmia.run.workspace import open_study
from recmia.sessions import Sessions

ROOT = Path(__file__).resolve().parents[2]

NO_PAPERS = {name: None for paper in papers()[1:] for name in paper.needs}


def test_shipped_profiles_are_valid():
    assert set(profile_names()) >= {"tiny", "quick", "yoochoose64", "ml1m", "yoochoose"}
    for name in profile_names():
        assert load_settings(name).name == name


def test_the_data_sets_of_clicks_differ_in_nothing_but_the_data():
    values = {n: load_settings(n).model_dump() for n in ("yoochoose64", "retailrocket", "gowalla")}
    for value in values.values():
        value["data"].pop("source")
        for name in ("name", "title", "description", "dataset"):
            value.pop(name)
    assert values["retailrocket"] == values["gowalla"]
    # What makes them cheaper, and nothing else, stands apart from the first.
    cheaper = values["gowalla"]
    assert cheaper["target"].pop("precision") == "bfloat16"
    assert values["yoochoose64"]["target"].pop("precision") == "float32"
    for name in ("readings", "baselines"):
        assert cheaper.pop(name) != values["yoochoose64"].pop(name)
    assert cheaper == values["yoochoose64"]


def test_overrides_change_the_value_the_name_and_the_fingerprint():
    plain, changed = load_settings("tiny"), load_settings("tiny", {"cohorts.members": 77})
    assert changed.cohorts.members == 77 and plain.cohorts.members != 77
    assert changed.name.startswith("tiny+") and len(changed.name) == len("tiny+") + 8
    assert plain.fingerprint("cohorts") != changed.fingerprint("cohorts")
    assert plain.fingerprint("target") == changed.fingerprint("target")


def test_the_number_of_processes_is_no_choice_of_the_study():
    plain, one = load_settings("quick"), load_settings("quick", {"workers": 1})
    assert (one.name, one.fingerprint()) == (plain.name, plain.fingerprint())
    assert open_study("quick", {"workers": 1}).workers == 1
    assert open_study("quick", {"workers": 3}).workers == 3
    assert open_study("quick", {"device": "cpu"}).workers == worker_count("cpu")
    assert worker_count("cuda") == 1


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"target.epoch": 3}, r"target\.epoch: Extra .*Did you mean target\.epochs\?"),
        ({"targets.epochs": 3}, r"targets: Extra .*Did you mean target\?"),
        ({"biased_mia.datasets.D.user": 3}, r"Did you mean biased_mia\.datasets\.D\.users\?"),
        ({"zzz": 3}, r"zzz: Extra inputs are not permitted$"),
        ({"target.recorded_epochs": [2, 0]}, r"recorded_epochs must rise"),
        ({"target.recorded_epochs": [-1]}, r"recorded_epochs must rise"),
        ({"target.heads": 3}, r"multiple of heads"),
        ({"data.source": "file"}, r"needs 'path' and 'columns'"),
        ({"data.source": "ml-1m"}, r"set session_gap_minutes"),
        ({"cohorts": None}, r"needs the sections cohorts as well"),
        (
            {"data": None, "cohorts": None, "target": None, **NO_PAPERS},
            r"needs the sections of a paper: data, cohorts, target; or biased_mia",
        ),
        ({"title.x": 3}, r"'title' is not a section"),
        ({"cohorts.members": "many"}, r"cohorts\.members: Input should be a valid integer"),
    ],
)
def test_bad_overrides_are_refused_by_name(overrides, message):
    with pytest.raises(SettingsError, match=message):
        load_settings("tiny", overrides)


@pytest.mark.parametrize(
    ("epochs", "kept"), [(3, (0, 2, 3)), (2, (0, 2)), (1, (0, 1)), (9, (0, 2, 4, 9))]
)
def test_checkpoints_follow_the_number_of_epochs(epochs, kept):
    """The override that the product itself proposes works; tiny keeps 0, 2 and 4."""
    assert load_settings("tiny", {"target.epochs": epochs}).target.recorded_epochs == kept


def test_an_unknown_profile_lists_the_known():
    with pytest.raises(SettingsError, match="no profile 'quik'.*quick"):
        load_settings("quik")


def test_a_profile_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("title: only a title\n")
    with pytest.raises(
        SettingsError, match=r"mine\.yaml are not valid:\n(.*\n)*  dataset: Field req"
    ):
        load_settings(str(path))
    path.write_text("title: [\n")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(str(path))


@pytest.mark.parametrize("name", profile_names())
def test_the_override_of_the_help_works_in_every_profile(name):
    if load_settings(name).target is not None:
        settings = load_settings(name, {"target.epochs": 5})
        assert settings.target.epochs == settings.target.recorded_epochs[-1] == 5


def test_the_profile_for_an_own_log_is_valid_and_says_how_many_sessions_it_needs(tmp_path):
    text = (ROOT / "docs" / "own-log.md").read_text(encoding="utf-8")
    (profile,) = re.findall(r"^```yaml\n# mine.yaml\n(.*?)^```", text, re.M | re.S)
    (tmp_path / "mine.yaml").write_text(profile)
    sizes = load_settings(str(tmp_path / "mine.yaml")).cohorts
    few = Sessions(np.array([[3, 4]]), np.array([2]), np.arange(1))
    with pytest.raises(DataError) as refused:
        draw_cohorts(few, sizes, None, 0, 0)
    (needed,) = re.findall(r"need ([\d,]+) sessions", str(refused.value))
    assert f"the profile above {needed}." in text


def test_options_name_the_same_run_again():
    plan = make_plan("tiny", {"attack.epochs": 5, "readings": ["augmented_trained"]})
    words = shlex.split(plan.options)
    assert words[:2] == ["--profile", "tiny"] and words[2::2] == ["--set"] * 2
    assert make_plan("tiny", parse_overrides(words[3::2])).settings == plan.settings
