"""The contest's format, score and translation; the optimum by brute force."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.hashcode import Pools, main, streaming_instance
from benchmarks.hashcode_score import Streaming, read_solution, read_streaming, score_of
from cdnplan.errors import InputError
from tests.instance_checks import check_instance

# Videos of 50, 50, 80, 30, 110 MB; endpoint 0 sees caches 0, 1 and 2, endpoint 1 none; caches of 100 MB.
STATEMENT = """5 2 4 3 100
50 50 80 30 110
1000 3
0 100
2 200
1 300
500 0
3 0 1500
0 1 1000
4 0 500
1 0 1000
"""


def write(folder: Path, text: str, name: str = "small.in") -> Path:
    path = folder / name
    path.write_text(text, encoding="ascii")
    return path


def random_text(rng: np.random.Generator) -> str:
    """A tiny problem; some caches alike, some videos larger than a cache, some pairs asked twice."""
    videos, endpoints, caches = (int(n) for n in rng.integers((2, 1, 1), (6, 4, 3)))
    lines = [f"{videos} {endpoints} 8 {caches} 10", " ".join(map(str, rng.integers(2, 13, videos)))]
    for _ in range(endpoints):
        seen = np.flatnonzero(rng.random(caches) < 0.8)
        lines.append(f"{rng.integers(50, 90)} {seen.size}")
        lines += [f"{cache} {rng.choice([10, 40, 95])}" for cache in seen]
    lines += [f"{rng.integers(videos)} {rng.integers(endpoints)} {rng.integers(1, 100)}" for _ in range(8)]
    return "\n".join(lines) + "\n"


def by_hand(problem: Streaming) -> int:
    """Best score over all ways to fill all caches."""
    videos = range(problem.size_mb.size)
    sets = [set(c) for n in range(len(videos) + 1) for c in itertools.combinations(videos, n)]
    fitting = [s for s in sets if sum(problem.size_mb[v] for v in s) <= problem.cache_mb]
    best = 0
    for held in itertools.product(fitting, repeat=problem.cache_ms.shape[1]):
        saved = 0
        for v, e, n in zip(problem.video, problem.endpoint, problem.count, strict=True):
            seen = [ms for ms, s in zip(problem.cache_ms[e], held, strict=True) if ms >= 0 and v in s]
            saved += int(n) * max(0, int(problem.origin_ms[e]) - min(map(int, seen), default=10**9))
        best = max(best, saved)
    return 1000 * best // int(problem.count.sum())


def test_the_problem_is_read(tmp_path: Path) -> None:
    problem = read_streaming(write(tmp_path, STATEMENT))
    assert problem.cache_mb == 100
    assert problem.size_mb.tolist() == [50, 50, 80, 30, 110]
    assert problem.origin_ms.tolist() == [1000, 500]
    assert problem.cache_ms.tolist() == [[100, 300, 200], [-1, -1, -1]]
    assert problem.video.tolist() == [3, 0, 4, 1]
    assert problem.endpoint.tolist() == [0, 1, 0, 0]
    assert problem.requests == 4000


def test_the_score_of_the_statement(tmp_path: Path) -> None:
    # The example of the contest: cache 0 holds video 2, cache 1 videos 3 and 1, cache 2 videos 0 and 1.
    problem = read_streaming(write(tmp_path, STATEMENT))
    solution = write(tmp_path, "3\n0 2\n1 3 1\n2 0 1\n", "solution")
    # (1500·(1000−300) + 0 + 0 + 1000·(1000−200)) · 1000 / 4000
    assert score_of(problem, solution) == 462_500
    assert score_of(problem, write(tmp_path, "0\n", "empty")) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2\n0 2\n", "expected the number of lines that follow, 1"),
        ("1\n3 0\n", "solution:2: expected the id of a cache"),
        ("2\n0 1\n0 0\n", "solution:3: expected the id of a cache that was not described"),
        ("1\n0 5\n", "different videos below 5"),
        ("1\n0 1 1\n", "different videos below 5"),
        ("1\n0 one\n", "different videos below 5"),
        ("1\n0 2 3\n", "cache 0 holds more than 100 MB"),
        ("1\n0 4\n", "cache 0 holds more than 100 MB"),
    ],
)
def test_wrong_solutions_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    problem = read_streaming(write(tmp_path, STATEMENT))
    with pytest.raises(InputError, match=expected):
        score_of(problem, write(tmp_path, text, "solution"))


def test_translation(tmp_path: Path) -> None:
    problem = read_streaming(write(tmp_path, STATEMENT.replace("2 200", "2 100") + "\n"))
    pools = Pools.of(problem)
    assert [group.tolist() for group in pools.caches] == [[0, 2], [1]]
    instance = streaming_instance(problem, pools)
    check_instance(instance)
    assert instance.storage_gb.tolist() == [200, 100]
    assert instance.copies.tolist() == [[1, 1, 1, 1, 0]] * 2, "a video larger than a cache is banned"
    assert instance.demand_gb.tolist() == [1000, 1500, 500, 1000]


def test_requests_for_the_same_are_summed(tmp_path: Path) -> None:
    problem = read_streaming(write(tmp_path, STATEMENT.replace("1 0 1000", "3 0 1000")))
    assert streaming_instance(problem, Pools.of(problem)).demand_gb.tolist() == [2500, 500, 1000]


@pytest.mark.parametrize("engine", ["auto", "fast"])
def test_small_random_problems(tmp_path: Path, capfd: pytest.CaptureFixture[str], engine: str) -> None:
    rng = np.random.default_rng(11)
    for _ in range(12 if engine == "auto" else 4):
        path, out = write(tmp_path, random_text(rng)), tmp_path / "solution"
        assert main([str(path), "--out", str(out), "--engine", engine]) == 0
        report = json.loads(capfd.readouterr().out)
        problem = read_streaming(path)
        best = by_hand(problem)
        assert list(report) == ["instance", "score", "bound", "requests", "seconds", "engine"]
        assert report["score"] == score_of(problem, out) <= best <= report["bound"]
        alike = any(group.size > 1 for group in Pools.of(problem).caches)
        if engine == "auto" and not alike:  # a pool's bound does not know that videos are not cut
            assert report["score"] == best == report["bound"]


def test_the_statement_is_solved(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, STATEMENT), tmp_path / "solution"
    assert main([str(path), "--out", str(out)]) == 0
    report = json.loads(capfd.readouterr().out)
    # Videos 1 and 3 fit into cache 0, the nearest: 2500·900·1000/4000.
    assert report["score"] == report["bound"] == by_hand(read_streaming(path)) == 562_500
    assert read_solution(read_streaming(path), out)[0, [1, 3]].all()


def test_an_endpoint_may_see_any_number_of_caches(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # Each of 70 caches has room for one video; the endpoint asks most for what should be nearest.
    lines = ["70 1 70 70 10", " ".join(["10"] * 70), "1000 70", *(f"{c} {10 * c}" for c in range(70))]
    lines += [f"{v} 0 {1 + v}" for v in range(70)]
    path, out = write(tmp_path, "\n".join(lines)), tmp_path / "solution"
    assert main([str(path), "--out", str(out), "--engine", "exact"]) == 0
    report = json.loads(capfd.readouterr().out)
    saved = sum((1 + v) * (1000 - 10 * (69 - v)) for v in range(70))
    assert report["score"] == report["bound"] == 1000 * saved // sum(range(1, 71))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected five positive numbers"),
        ("1 1 x", "expected whole numbers only"),
        ("1 1 1 1 10\n5\n100 2\n0 1\n1 1\n0 0 7\n", "endpoint 0: expected a latency and at most 1"),
        ("1 1 1 2 10\n5\n100 2\n0 1\n0 1\n0 0 7\n", "endpoint 0: expected 2 different caches below 2"),
        ("1 1 1 1 10\n5\n100 0\n0 0\n", "2 numbers after the endpoints, expected 3"),
        ("1 1 1 1 10\n5\n100 0\n0 1 7\n", "does not exist"),
        ("1 1 1 1 10\n0\n100 0\n0 0 7\n", "sizes and requests must be positive"),
        ("1 1 1 1 10\n5\n100 0\n0 0 16777216\n", r"16777216 requests of one endpoint"),
    ],
)
def test_bad_files_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    assert main([str(write(tmp_path, text)), "--out", str(tmp_path / "solution")]) == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.out == ""
    assert not (tmp_path / "solution").exists()


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["me_at_the_zoo", "trending_today"])
def test_problems_of_the_contest(
    realdata: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    path, out = realdata / "hashcode2017" / f"{name}.in", tmp_path / "solution"
    assert main([str(path), "--out", str(out)]) == 0
    report = json.loads(capfd.readouterr().out)
    problem = read_streaming(path)
    held = read_solution(problem, out)
    assert (held @ problem.size_mb <= problem.cache_mb).all()
    assert 0 < report["score"] == score_of(problem, out) <= report["bound"]
