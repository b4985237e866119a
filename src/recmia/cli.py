"""The command line: recmia run, check, status, report, reproduced, profiles, data, audit, export"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from recmia import __version__
from recmia.errors import ArtifactError, RecmiaError, SettingsError
from recmia.jobs import SCHEDULER
from recmia.machine import of_the_machine, too_little_memory
from recmia.terminal import Visible, visible

# Everything else is imported where it is used: the stack takes ten seconds to import, and --help,
# status and a wrong option should answer within one.


class _Commands(typer.core.TyperGroup):
    """Shows errors that a person can act on in red, without a traceback."""

    def invoke(self, ctx) -> Any:
        if told := too_little_memory():
            _complain(f"Error: {told}")
            raise typer.Exit(1)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            from recmia.run.pipeline import RESUME

            _complain(f"Stopped. {RESUME}")
            raise typer.Exit(130) from None
        except RecmiaError as error:
            _complain(f"Error: {error}")
        except ModuleNotFoundError as error:
            if (missing := error.name or "").partition(".")[0] in ("", "recmia"):
                raise
            _complain(
                f"Error: {missing} is not installed: `pip install .` brings what the audits need, "
                "and this command needs what the notebooks do. Remedy: `make environment` in a "
                "checkout, then .venv/bin/recmia."
            )
        except (typer.Exit, typer.Abort, SystemExit, typer.BadParameter):
            raise
        except BaseException as error:  # polars panics beside Exception
            if (told := of_the_machine(error)) is None:
                raise
            _complain(f"Error: {told}")
        raise typer.Exit(1) from None


def as_typed(text: str) -> str:
    """A text whose commands are typed as this one was.

    ``make`` leaves recmia in .venv/bin, where the shell does not look until it is told to.
    """
    typed = sys.argv[0]
    if Path(typed).name != "recmia" or shutil.which("recmia"):
        return text
    return re.sub(r"(?m)(^|`)recmia (?=[a-z])", lambda found: f"{found[1]}{typed} ", text)


def _complain(text: str) -> None:
    typer.secho(visible(as_typed(text)), fg="red", err=True)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="What recommenders leak about the people they learned from: a reproducible study.",
)
data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Click logs.")
app.add_typer(data_app, name="data")


class _AuditCommands(typer.core.TyperGroup):
    """Says on Ctrl-C that earlier results are as they were: an audit writes at its end only."""

    def invoke(self, ctx) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _complain("Stopped. Nothing was written; earlier results are as they were.")
            raise typer.Exit(130) from None


audit_app = typer.Typer(
    cls=_AuditCommands, no_args_is_help=True, rich_markup_mode=None,
    help="What a system of your own leaks, from files exported from it.",
)  # fmt: skip
app.add_typer(audit_app, name="audit")
export_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Files of a finished run, for audits."
)
app.add_typer(export_app, name="export")

PROFILE_HELP = "A shipped profile (see `recmia profiles`) or the path of a YAML file."
SET_HELP = "Another value for a setting, e.g. target.epochs=5; makes a run with a name of its own."
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier audit in --out.")]
Profile = Annotated[str, typer.Option("--profile", "-p", help=PROFILE_HELP)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET_HELP)]


def _version(asked: bool) -> None:
    if asked:
        print(f"recmia {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def parse_overrides(pairs: list[str] | None) -> dict[str, Any]:
    """``["target.epochs=5"]`` to ``{"target.epochs": 5}``; values are YAML.

    Raises:
        SettingsError: a pair has no "=", or its value is not YAML.
    """
    import yaml

    from recmia.yaml_files import parse_yaml

    overrides: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise SettingsError(f"--set {pair}: write KEY=VALUE, for example target.epochs=5.")
        try:
            overrides[key.strip()] = parse_yaml(value)
        except yaml.YAMLError as error:
            raise SettingsError(f"--set {pair[:200]}: the value is not valid YAML.") from error
    return overrides


@app.command()
def run(
    profile: Profile = "quick",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="Only this step, e.g. 03_train or 03; repeatable."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Remove the steps' outputs and make them anew.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            envvar=SCHEDULER,
            help="Let the workers of this Dask scheduler do the work, e.g. tcp://host:8786.",
        ),
    ] = None,
    set_: Set = None,
) -> None:
    """Run the notebooks that are not up to date, then write the report."""
    from recmia.run import pipeline

    plan = pipeline.make_plan(profile, parse_overrides(set_))
    if scheduler is not None:
        from recmia.cluster import check

        check(scheduler, [plan.paths.artifacts.parent, plan.paths.reports.parent])
        os.environ[SCHEDULER] = scheduler  # the notebooks' kernels go by it
    print(f"Profile {plan.settings.name}: {plan.settings.title}", flush=True)
    pipeline.run(plan, only or (), force)
    if not only:
        _write_report(plan)


File = Annotated[Path, typer.Argument(metavar="FILE", help="Clicks: a file, or a folder of parts.")]
Column = "Column of the {}s: its name or, where no line names them, its place from 1."
SessionColumn = Annotated[str, typer.Option(metavar="COLUMN", help=Column.format("session"))]
UserColumn = Annotated[str, typer.Option(metavar="COLUMN", help=Column.format("user"))]
ItemColumn = Annotated[str, typer.Option(metavar="COLUMN", help=Column.format("item"))]
TimeColumn = Annotated[str, typer.Option(metavar="COLUMN", help=Column.format("time"))]
Gap = Annotated[
    float | None, typer.Option(min=0.01, help="Minutes without a click that end a session.")
]
Encoding = Annotated[str | None, typer.Option(help="Of the text, such as latin-1.")]


@app.command()
def check(
    file: File,
    write: Annotated[
        Path | None,
        typer.Option(metavar="PROFILE.yaml", help="Write the profile; must not exist."),
    ] = None,
    session: SessionColumn = "",
    user: UserColumn = "",
    item: ItemColumn = "",
    time: TimeColumn = "",
    gap: Gap = None,
    encoding: Encoding = None,
) -> None:
    """Say what would be read of a file of clicks, and draw up a profile for it."""
    from recmia.run.own_check import check as read_it
    from recmia.run.own_check import told, write_profile

    columns = {"session": session, "user": user, "item": item, "time": time}
    found = read_it(file, columns, encoding=encoding, gap=gap)
    print(told(found))
    if write is not None:
        write_profile(found, write)
        print(f"Written: {write}. Look it over, then: " + as_typed(f"`recmia run -p {write}`"))
    elif found.profile is not None:
        print(f"\n# A profile; --write PROFILE.yaml keeps it\n{found.profile}", end="")


@app.command()
def status(profile: Profile = "quick", set_: Set = None) -> None:
    """Say which steps are up to date, and why the others are not."""
    from recmia.run import pipeline

    plan = pipeline.make_plan(profile, parse_overrides(set_))
    print(f"Profile {plan.settings.name}: {plan.settings.title}")
    for now in pipeline.status(plan):
        took = pipeline.duration(now.record["seconds"]) if now.record else ""
        print(f"{now.step.name:<14} {now.state:<11} {took:>12}  {now.reason}".rstrip())
    page = plan.paths.reports / "index.html"
    print(f"Report: {page}" if page.exists() else "No report yet.")


@app.command()
def report(
    profile: Profile = "quick",
    check: Annotated[
        str | None,
        typer.Option(metavar="PROFILE", help="Check a written report instead; change nothing."),
    ] = None,
    redraw: Annotated[
        bool,
        typer.Option("--redraw", help="First draw again the figures that follow from its results."),
    ] = False,
    set_: Set = None,
) -> None:
    """Write reports/PROFILE from saved results; nothing is run again."""
    from recmia.run import pipeline

    if check is not None:
        from recmia.run.current import changed_settings
        from recmia.run.manifest import read_manifest
        from recmia.run.remade import print_code, sessions_remade
        from recmia.run.report import changed_code, check_report

        plan = pipeline.make_plan(check, parse_overrides(set_))
        paths, folder = plan.paths, plan.paths.reports
        check_report(folder)
        print(f"{folder}: every file is as its manifest and its results say.")
        manifest = read_manifest(folder)
        if others := changed_settings(manifest, plan):
            raise ArtifactError(
                f"{folder} was made with other settings than the profile has: {'; '.join(others)}. "
                f"Remedy: `recmia run {plan.options}`."
            )
        print_code(sessions_remade(manifest, plan), changed_code(folder, paths.notebooks))
        return
    if redraw:
        from recmia.run.redraw import redraw as redraw_figures
        from recmia.run.workspace import open_study

        print(f"{redraw_figures(open_study(profile, parse_overrides(set_)))} figures drawn again.")
    _write_report(pipeline.make_plan(profile, parse_overrides(set_)), force=True)


def _write_report(plan, force: bool = False) -> None:
    from recmia.run.report import write_report

    page, written = write_report(plan, force=force)
    print(f"Report: {page}{'' if written else ' (up to date)'}")


@app.command()
def reproduced(
    profiles: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROFILE", help="Reports to count; all on real data if left out."),
    ] = None,
) -> None:
    """Count the papers' numbers that written reports find again; nothing is run."""
    from recmia.experiments.paths import StudyPaths
    from recmia.run.reproduced import real_reports, summary

    reports = StudyPaths("any").reports.parent
    print(summary([reports / p for p in profiles] if profiles else real_reports(reports)), end="")


@app.command()
def profiles() -> None:
    """List the profiles that ship with the package."""
    from recmia.run.settings import load_settings, profile_names

    for name in profile_names():
        settings = load_settings(name)
        print(f"{name:<14} {settings.title}: {' '.join(settings.description.split())}")


def _data_folder():
    from recmia.experiments.paths import StudyPaths

    return StudyPaths("data").data


@data_app.command("list")
def data_list() -> None:
    """List the data sets, where they come from, their licences, and whether they are here."""
    from recmia.data import registry
    from recmia.errors import DataError

    folder = _data_folder()
    print(f"Data folder: {folder}")
    for source in registry.sources():
        try:
            registry.find_files(source.name, folder)
            state = "here"
        except DataError:
            state = "not here" if source.downloads else "not here (by hand)"
        print(f"{source.name:<22} {state:<20} {source.title}  {source.page}")
        print(f"{'':<22} licence: {source.licence}")


Name = Annotated[str, typer.Argument(metavar="NAME", help="See `recmia data list`.")]


@data_app.command()
def fetch(name: Name) -> None:
    """Download a data set from its official address, checked."""
    from recmia.data import download

    for path in download.fetch(name, _data_folder(), progress=True):
        print(path)


@data_app.command("check")
def data_check(name: Name) -> None:
    """Compare the files that are here with their known checksums."""
    from recmia.data import download

    found = download.check(name, _data_folder())
    for file in found:
        print(f"{file.status:<11} {file.path}: {file.detail}")
    if any(file.status in ("missing", "mismatch") for file in found):
        raise typer.Exit(1)


@audit_app.command("lists")
def audit_lists(
    shadow: Annotated[Path, typer.Option(metavar="DIR", help="Side of known membership.")],
    target: Annotated[Path, typer.Option(metavar="DIR", help="Side to be audited.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("audit"),
    attack: Annotated[
        str,
        typer.Option(
            help="Name of an attack on lists, such as biased-mia (Zhang et al., CCS 2021) or "
            "dl-mia (Wang et al., KDD 2022)."
        ),
    ] = "biased-mia",
    vectors_from: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Interactions to factorise item vectors from."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Places of each list to look at.", show_default="all")
    ] = None,
    position_weights: Annotated[
        str, typer.Option(help="Weights of a list's places: mean or linear.")
    ] = "mean",
    dim: Annotated[
        int | None,
        typer.Option(help="Length of the item vectors.", show_default="as given, or 100"),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over shadow users.", show_default="as in its paper"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Attacks whose scores are averaged.")] = 3,
    seed: Annotated[int, typer.Option(help="Root of every random choice.")] = 0,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    force: Force = False,
) -> None:
    """Tell members from non-members by their recommendation lists.

    Each DIR holds, as UTF-8 text with a header: interactions.csv (user_id,item_id),
    recommendations.csv (user_id,item_id,rank from 1), membership.csv (user_id,member: 1 for users
    whose data the recommender was trained on, else 0) and, unless --vectors-from is given,
    item_vectors.csv (item_id, then a column a dimension; one file serves both sides). The target's
    membership.csv serves to score only; without it membership is predicted.

    `recmia audit example DIR` writes files to try.
    """
    from recmia.audit.lists import audit_lists
    from recmia.audit.page import summary
    from recmia.audit.scoring import AuditSettings

    settings = AuditSettings(attack, top_k, position_weights, dim, epochs, seeds, seed, level)
    found = audit_lists(shadow, target, out, settings, vectors_from=vectors_from, force=force)
    print(summary(found, out / "index.html"))


@audit_app.command("scores")
def audit_scores_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Log-probabilities of all models.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("audit"),
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Root of every random choice.")] = 0,
    force: Force = False,
) -> None:
    """Tell members from non-members by the probabilities of their own items.

    DIR holds, as UTF-8 text with a header or as Parquet, target.csv and any number of
    shadow-NAME.csv (record_id,step,log_probability: the natural logarithm of the probability of
    the true next item; the same steps in every file) and membership.csv (record_id, perhaps
    user_id, a column a shadow by its NAME, perhaps a column target: 1 for records that the model
    was trained on, else 0). Without the column target records are scored only; the attacks that
    need more shadows than there are are left out.

    docs/export-scores.md shows how to export the files; `recmia audit example scores DIR` writes
    some to try.
    """
    from recmia.audit.score_page import summary
    from recmia.audit.scores import ScoreSettings, audit_scores

    found = audit_scores(folder, out, ScoreSettings(level, seed), force=force)
    print(summary(found, out / "index.html"))


@audit_app.command("inversion")
def audit_inversion_command(
    ratings: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: user_id,item_id,rating.")],
    sensitive: Annotated[
        list[str], typer.Option(metavar="ITEM", help="A sensitive item's id; may be repeated.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("audit"),
    share: Annotated[float, typer.Option(help="Injected users for each honest one.")] = 0.05,
    decoys: Annotated[int, typer.Option(help="Decoy items.")] = 3,
    factors: Annotated[int, typer.Option(help="Factors k of the system.")] = 30,
    regularisation: Annotated[float, typer.Option(help="Regularisation λ of the system.")] = 0.01,
    length: Annotated[int, typer.Option(help="Items on a list.")] = 5,
    zeros: Annotated[
        bool, typer.Option(help="Whether the system takes missing ratings for observed zeros.")
    ] = True,
    repeats: Annotated[int, typer.Option(help="Attacks, each with other decoys.")] = 5,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Root of every random choice.")] = 0,
    force: Force = False,
) -> None:
    """Who rated a sensitive item, from lists after users were injected (PoPETs 2020).

    Trains a factorisation on FILE, injects users that tie the sensitive items to decoys, and
    tells how many of those who are then recommended decoys rated a sensitive item highest.

    `recmia audit example ratings DIR` writes files to try.
    """
    from recmia.audit.inversion import InversionSettings, audit_inversion
    from recmia.audit.inversion_page import summary

    settings = InversionSettings(
        share, decoys, factors, regularisation, length, zeros, repeats, level, seed
    )
    found = audit_inversion(ratings, sensitive, out, settings, force=force)
    print(summary(found, out / "index.html"))


@audit_app.command("compare")
def audit_compare_command(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Folder of an audit.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Folder of another like it.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("compared"),
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Root of every random choice.")] = 0,
    force: Force = False,
) -> None:
    """Tell what changed between two audits of lists or of scores, such as by a defence.

    Paired over users or records where the two audits are about the same ones.
    """
    from recmia.audit.compare import compare
    from recmia.audit.compare_page import summary

    found = compare(before, after, out, level=level, seed=seed, force=force)
    print(summary(found, out / "index.html"))


@audit_app.command("clicks")
def audit_clicks_command(
    file: File,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go.")] = Path("audit"),
    session: SessionColumn = "",
    user: UserColumn = "",
    item: ItemColumn = "",
    time: TimeColumn = "",
    gap: Gap = None,
    encoding: Encoding = None,
    set_: Set = None,
) -> None:
    """Run the study on a file of clicks: what would a model that learned from it leak?

    What is read is said first, as `recmia check` says it. The same command goes on where it was
    stopped. DIR/page/index.html is the page, DIR/page.yaml the profile.
    """
    from recmia.run.own_check import told
    from recmia.run.own_run import open_run

    columns = {"session": session, "user": user, "item": item, "time": time}
    found, profile = open_run(file, out, columns, encoding=encoding, gap=gap)
    print(told(found), flush=True)
    try:
        run(str(profile), set_=set_)
    except KeyboardInterrupt:
        from recmia.run.pipeline import RESUME

        _complain(f"Stopped. {RESUME}")
        raise typer.Exit(130) from None


@audit_app.command("example")
def audit_example(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] DIR",
            help="KIND: lists (if left out), scores or ratings. DIR must not exist.",
        ),
    ],
) -> None:
    """Write a made-up system's files, to try an audit on."""
    kinds = {"lists": _list_example, "scores": _score_example, "ratings": _rating_example}
    kind, folder = words if len(words) == 2 else ("lists", words[0])
    if len(words) > 2 or kind not in kinds or folder in kinds:
        raise SettingsError(
            f"recmia audit example {' '.join(words)}: name {' or '.join(kinds)}, then a folder, "
            "for example: recmia audit example scores made-up."
        )
    kinds[kind](Path(folder))


def _list_example(folder: Path) -> None:
    from recmia.audit.example import CASES, write_example

    folder = write_example(folder)
    print(f"{folder}/ holds {' and '.join(f'{case}/' for case in CASES)}. Try:")
    for case in CASES:
        own = folder / case
        command = (
            f"recmia audit lists --shadow {own}/shadow --target {own}/target "
            f"--vectors-from {own}/others.csv --out {folder}-{case}"
        )
        print(as_typed(command))


def _score_example(folder: Path) -> None:
    from recmia.audit.score_example import CASES, write_score_example

    folder = write_score_example(folder)
    print(f"{folder}/ holds {' and '.join(f'{case}/' for case in CASES)}. Try:")
    for case in CASES:
        print(as_typed(f"recmia audit scores {folder}/{case} --out {folder}-{case}"))


def _rating_example(folder: Path) -> None:
    from recmia.audit.rating_example import FILES, FILM, write_rating_example

    folder = write_rating_example(folder)
    print(f"{folder}/ holds {' and '.join(FILES.values())}. Try:")
    for case, name in FILES.items():
        print(
            as_typed(
                f"recmia audit inversion {folder}/{name} --sensitive {FILM} --out {folder}-{case}"
            )
        )


@export_app.command("scores")
def export_scores_command(
    profile: Profile = "quick",
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the files go; must not exist.")
    ] = Path("exported"),
    set_: Set = None,
) -> None:
    """Write a run's own log-probabilities as `recmia audit scores` reads them.

    The first target of notebook 21, its shadows, and who was trained on what; at the epoch that
    validation chooses.
    """
    from recmia.papers.frontier.exporting import export_scores
    from recmia.run.workspace import open_study

    epoch = export_scores(open_study(profile, parse_overrides(set_)), out)
    print(f"{out}/ holds a target and its shadows after epoch {epoch}. Try:")
    print(as_typed(f"recmia audit scores {out} --out {out}-audit"))


def _interrupt(number: int, frame) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of the command `recmia`."""
    signal.signal(signal.SIGTERM, _interrupt)  # a scheduler's stop ends the kernel too
    sys.stdout = Visible(sys.stdout)  # ids and titles are other people's
    app()


if __name__ == "__main__":
    main()
