"""YAML files: a key that stands twice is refused by its line, merged keys may be replaced."""

from __future__ import annotations

import pytest
import yaml

from recmia.errors import SettingsError
from recmia.run.settings import load_settings
from recmia.yaml_files import read_yaml


def written(folder, text: str):
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text", ["a: 1\nb: {c: 1, c: 2}\n", "a: 1\nb: 2\na: {}\n", "- {1: 2, 1: 3}"]
)
def test_a_key_that_stands_twice_is_refused(tmp_path, text):
    with pytest.raises(yaml.YAMLError, match="stands twice, first"):
        read_yaml(written(tmp_path, text))


def test_merged_keys_may_be_replaced_again_and_again(tmp_path):
    merged = "a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\n"
    found = read_yaml(
        written(tmp_path, f"{merged}c: [{{<<: *b, y: 4}}, {{<<: *b, y: 5}}, *a, *b]\n")
    )
    assert found["c"] == [{"x": 3, "y": 4}, {"x": 3, "y": 5}, {"x": 1, "y": 2}, {"x": 3, "y": 2}]


def test_a_profile_that_says_one_thing_twice_is_refused_by_line(tmp_path):
    path = written(tmp_path, "title: x\nn_seeds: 2\ndataset: y\nn_seeds: 3\n")
    with pytest.raises(
        SettingsError, match=r"'n_seeds' stands twice, first\n.*line 2(.*\n)*.*line 4"
    ):
        load_settings(str(path))
