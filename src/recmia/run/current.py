"""Is a report about the settings that its profile has now, and of what its steps left?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recmia.errors import ArtifactError
from recmia.run.fingerprint import HashCache
from recmia.run.manifest import published_settings
from recmia.run.pipeline import Plan, other_output
from recmia.run.records import read_record
from recmia.storage import content_hash


def check_settings(plan: Plan) -> None:
    """Results of other settings are not published under today's.

    Raises:
        ArtifactError: a step was run with other settings; the message names both.
    """
    values = plan.settings.model_dump(mode="json")
    changed = {}
    for step in plan.steps:
        record = read_record(plan.paths, step)
        then = record["parts"]["settings"] if record else {}
        if names := [n for n in then if n in values and content_hash(values[n]) != then[n]]:
            changed[step.name] = ", ".join(names)
    if changed:
        steps = "; ".join(f"{step} ({names})" for step, names in changed.items())
        raise ArtifactError(
            f"Results of '{plan.settings.name}' were made with other settings: {steps}. Nothing "
            f"was written. Remedy: `recmia run {plan.options}`."
        )


def check_outputs(plan: Plan) -> None:
    """What was edited, cut or removed since a step left it is not published.

    Raises:
        ArtifactError: an output is not as its step's record says; the message names it.
    """
    cache, wrong = HashCache(plan.paths), []
    for step in plan.steps:
        if record := read_record(plan.paths, step):
            found = other_output(plan.paths, step, record, cache)
            wrong += [f"{step.name} ({found})"] if found else []
    cache.save()
    if wrong:
        raise ArtifactError(
            f"Results of '{plan.settings.name}' are not as their steps left them: "
            f"{'; '.join(wrong)}. Nothing was written. Remedy: `recmia run {plan.options}` makes "
            "them again."
        )


def changed_settings(manifest: Mapping[str, Any], plan: Plan) -> list[str]:
    """What a written report's settings have otherwise than its profile has now.

    Args:
        manifest: of the report.
        plan: of its profile.

    Returns:
        A text a setting, as "cohorts.members: 120, now 119", of the sections that the report's
        steps read. A setting that only one of the two has is left out: it came or went with code.
    """
    names = {step["name"] for step in manifest["steps"]}
    sections = {n for step in plan.steps if step.name in names for n in step.sections}
    now = published_settings(plan)
    return [
        text
        for section in sorted(sections & manifest["settings"].keys())
        for text in _differences(manifest["settings"][section], now[section], section)
    ]


def _differences(then: Any, now: Any, where: str) -> Iterator[str]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in then:
            if name in now:
                yield from _differences(then[name], now[name], f"{where}.{name}")
    elif then != now:
        yield f"{where}: {then}, now {now}"
