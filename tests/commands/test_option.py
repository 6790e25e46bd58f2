"""Options are declared once, with all that the command line and notebooks need."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from cdnplan.cli.terminal.options import taking
from cdnplan.commands import (
    backtest,
    experiment,
    forecast,
    ingest,
    plan,
    prices,
    replay,
    size,
    sweep,
    synth,
    topology_import,
    whatif,
)
from cdnplan.commands.option import AnyPath, Option, Switch, declared, environment, meanings
from cdnplan.errors import InputError, Problem
from cdnplan.notebook import asking
from cdnplan.replay import ReplayRequest

ALL = (
    *(plan.PlanOptions, size.SizeOptions, synth.SynthOptions, forecast.ForecastOptions),
    *(backtest.BacktestOptions, experiment.PowerOptions, experiment.DesignOptions),
    *(experiment.AssignOptions, experiment.ReadOptions, experiment.SimulateOptions),
    *(ingest.ingest_request, replay.replay_request, whatif.whatif_question, sweep.SweepOptions),
    *(prices.prices_request, topology_import.import_request),
)


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.__name__)
def test_docstrings_explain_all_options_and_no_others(asked: Callable[..., Any]) -> None:
    assert set(meanings(asked.__doc__ or "")) == set(inspect.signature(asked).parameters)


def number(text: str) -> int:
    if not text.isdecimal():
        raise InputError([Problem(f"found {text!r}", path="--number")])
    return int(text)


def ask(
    where: Annotated[AnyPath, Option("DIR", argument=True)],
    *more: Annotated[AnyPath, Option("MORE", argument=True)],
    count: Annotated[int, Option("N", read=number)] = 1,
    shares: Annotated[Sequence[float], Option("X,…", read=lambda text: tuple(text.split(",")))] = (0.5, 1.0),
    day: dt.date | None = None,
    loud: Switch = False,
) -> dict[str, Any]:
    """Ask.

    Parameters
    ----------
    where : path
        A place.
    *more : path
        More of
        them.
    loud : bool
    count : int
    shares : sequence of float
    day : datetime.date or None
    """
    if str(where) == "nowhere":
        raise InputError([Problem("no such place")])
    return {"where": str(where), "more": [str(one) for one in more], "count": count, "day": day, "loud": loud}


def run(*words: str) -> Any:
    found = []
    app = typer.Typer()

    @app.command()
    @taking(ask)
    def command(given: dict[str, Any], fmt: Annotated[str, typer.Option("--format")] = "table") -> None:
        found.append(given | {"fmt": fmt})

    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, InputError):
        return done.exception.problems
    return found[0] if found else done.output


def test_a_command_gets_the_request_and_its_own_options() -> None:
    given = run("a", "b", "c", "--count", "3", "--day", "2026-03-01", "--loud", "--format", "csv")
    assert given == {
        "where": "a",
        "more": ["b", "c"],
        "count": 3,
        "day": dt.date(2026, 3, 1),
        "loud": True,
        "fmt": "csv",
    }
    assert run("a") == {"where": "a", "more": [], "count": 1, "day": None, "loud": False, "fmt": "table"}


def test_problems_of_texts_and_of_the_request_are_told_together() -> None:
    assert [str(problem) for problem in run("nowhere", "--count", "x")] == [
        "--number: found 'x'",
        "no such place",
    ]


def test_help_follows_the_docstring() -> None:
    text = run("--help")
    assert "More of them." in text
    assert text.index("--loud") < text.index("--count") < text.index("--shares")
    assert "[default: 0.5,1]" in text
    assert "--no-loud" not in text


def test_a_function_for_notebooks_has_the_signature_and_what_is_said_of_it() -> None:
    @asking.taking(ask)
    def asked(given: dict[str, Any]) -> list[str]:
        """Ask in a notebook.

        Returns
        -------
        list of str
        """
        return [*given["more"], given["where"]]

    assert asked("a", "b", count=2) == ["b", "a"]
    parameters = inspect.signature(asked).parameters
    assert list(parameters) == ["where", "more", "count", "shares", "day", "loud"]
    assert parameters["loud"].annotation is bool
    doc = inspect.getdoc(asked) or ""
    assert doc.startswith("Ask in a notebook.\n\nParameters\n----------\nwhere : path\n    A place.\n")
    assert doc.endswith("Returns\n-------\nlist of str")


def test_warnings_name_the_line_that_called() -> None:
    names: dict[str, Any] = {"__name__": "cdnplan.some.where", "warn": asking.warn}
    exec("def work():\n    warn('odd')\n", names)
    with pytest.warns(UserWarning, match="odd") as caught:
        names["work"]()
    assert caught[0].filename == __file__


def test_a_replay_tries_by_default_what_requests_do() -> None:
    defaults = {field.name: field.default for field in fields(ReplayRequest)}
    given = {one.parameter.name: one.parameter.default for one in declared(replay.replay_request)}
    for name in ("policies", "hybrid", "prefill", "play_gb", "turnovers", "periods", "model", "regret"):
        assert given[name] == defaults[name], name


def test_an_environment_goes_before_that_of_a_network() -> None:
    class Read:
        path, env, override = "t.yaml", "test", ()

        def __fspath__(self) -> str:
            return self.path

    assert environment(Read(), None) == "test"
    assert environment(Read(), "live") == "live"
    assert environment("t.yaml", None) is None
