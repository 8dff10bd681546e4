"""zanime.batch in this process: from files to pictures and a manifest."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import PIL.Image
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import zanime
from conftest import PROMPT, SMALL, files, table
from zanime.batch import BatchError, Job, Settings, read_rows, run
from zanime.batch.__main__ import main

ROWS = [
    {"prompt": PROMPT, "seed": 7, **SMALL},
    {"prompt": PROMPT, "seed": 8, "name": "second", **SMALL},
    {"text": "1girl, red hair", "num_inference_steps": 1, "width": 64, "height": 64},
]


def write_lines(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def job(source: Path, output: Path, **members) -> Job:
    settings = Settings(str(output), members.pop("format", "png"))
    return Job(source, settings, members.pop("defaults", {}), **members)


def test_pictures_are_the_engines_and_the_manifest_says_how(tmp_path):
    source = write_lines(tmp_path / "p.jsonl", ROWS)
    outcome = run(job(source, tmp_path / "out"))
    assert (outcome.rows, outcome.drawn, outcome.failed, outcome.before) == (3, 3, 0, 0)
    rows = table(tmp_path / "out")
    assert [row["seed"] for row in rows[:2]] == [7, 8] and rows[1]["name"] == "second"
    assert all(row["error"] == "" and row["width"] == 64 and row["seconds"] > 0 for row in rows)
    params = zanime.GenerationParams(PROMPT, seed=7, **SMALL)
    file = tmp_path / "out" / rows[0]["file"]
    assert file.read_bytes() == zanime.Engine().generate(params).png()
    assert file.name == f"{rows[0]['id']}.png"
    again = zanime.GenerationParams(**json.loads(rows[2]["parameters"]))
    assert (tmp_path / "out" / rows[2]["file"]).read_bytes() == zanime.Engine().generate(
        again
    ).png()
    assert not list((tmp_path / "out").rglob("*.part"))


def test_ids_follow_from_content_wherever_a_row_stands(tmp_path):
    one = list(read_rows(write_lines(tmp_path / "a.jsonl", ROWS)))
    two = list(read_rows(write_lines(tmp_path / "b.jsonl", [*ROWS[::-1], ROWS[0]])))
    assert {row.id for row in one} == {row.id for row in two} and len(two) == 3
    named = [{**row, "name": "x"} for row in ROWS]
    assert {row.id for row in read_rows(write_lines(tmp_path / "c.jsonl", named))} == {
        row.id for row in one
    }
    order = [dict(reversed(row.items())) for row in ROWS]
    assert [row.id for row in read_rows(write_lines(tmp_path / "d.jsonl", order))] == [
        row.id for row in one
    ]
    # Where no seed is said it follows from the rest.
    assert one[2].params["seed"] == int(one[2].id[:16], 16)
    changed = list(read_rows(tmp_path / "a.jsonl", {"cfg": 2}))
    assert not {row.id for row in one} & {row.id for row in changed}


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder"])
def test_other_sources_say_the_same(tmp_path, kind):
    wanted = [{"prompt": "a, b\nc", "steps": 2, "cfg": 1.5, "loras": "x:0.5 y", "seed": 2**63 + 1}]
    if kind == "csv":
        source = tmp_path / "p.csv"
        source.write_text(
            'prompt,steps,cfg,loras,seed,width\n"a, b\nc",2,1.5,x:0.5 y,9223372036854775809,\n'
        )
    elif kind == "parquet":
        source = tmp_path / "p.parquet"
        columns = {key: [row[key] for row in wanted] for key in wanted[0]}
        columns["seed"] = arrow.array([2**63 + 1], arrow.uint64())
        parquet.write_table(arrow.table({**columns, "width": [None]}), source)
    else:
        source = tmp_path / "folder"
        source.mkdir()
        (source / "one.txt").write_text("a, b\nc\n")
        [row] = read_rows(source, {"steps": 2})
        assert row.name == "one" and row.params["prompt"] == "a, b\nc" and row.error == ""
        assert (
            row.id
            == next(read_rows(write_lines(tmp_path / "p.jsonl", ["a, b\nc"]), {"steps": 2})).id
        )
        return
    [row] = read_rows(source)
    assert row.error == "" and row.params["loras"] == [("x", 0.5), ("y", 1.0)]
    assert (
        row.params["seed"] == 2**63 + 1 and row.params["cfg"] == 1.5 and "width" not in row.params
    )


def test_a_rows_error_is_a_row_and_can_be_tried_again(tmp_path, capsys):
    bad = [{"prompt": "a", "steps": 0}, {"prompt": "a", "colour": "red"}, [1], "no json"]
    lines = "".join(json.dumps(row) + "\n" for row in [*ROWS, *bad[:3]]) + "{broken\n"
    missing = {"prompt": PROMPT, "loras": ["style"], **SMALL}
    source = tmp_path / "p.jsonl"
    source.write_text(lines + json.dumps(missing) + "\n")
    output = tmp_path / "out"
    assert main([str(source), "-o", str(output)]) == 1
    rows = table(output)
    assert [bool(row["error"]) for row in rows] == [False] * 3 + [True] * 5
    assert "steps is 0" in rows[3]["error"] and "colour" in rows[4]["error"]
    assert "style" in rows[7]["error"] and rows[7]["file"] == ""
    assert "3 pictures" in capsys.readouterr().out
    before = files(output)
    outcome = run(job(source, output))  # failures are kept
    assert (outcome.before, outcome.drawn, outcome.failed) == (8, 0, 0)
    outcome = run(job(source, output, retry_failed=True))
    assert (outcome.before, outcome.drawn, outcome.failed) == (3, 0, 5)
    assert files(output) == before and len(table(output)) == 8


def test_what_is_there_is_not_drawn_again(tmp_path):
    source = write_lines(tmp_path / "p.jsonl", ROWS)
    output = tmp_path / "out"
    run(job(source, output))
    before = files(output)
    # As a kill leaves it between a picture and its row of the manifest.
    for part in (output / "manifest").iterdir():
        part.unlink()
    kept = output / table(output)[0]["file"]
    lost = output / table(output)[1]["file"]
    lost.unlink()
    outcome = run(job(source, output))
    assert outcome.drawn == 3 and lost.exists()
    assert files(output)[kept.name] == before[kept.name]
    more = write_lines(tmp_path / "more.jsonl", [*ROWS, {"prompt": "new", **SMALL}])
    assert run(job(more, output)).before == 3


def test_a_killed_job_goes_on(tmp_path):
    """Killed twice at the hardest, then to the end: all pictures, each finished one untouched."""
    rows = [{"prompt": PROMPT, "seed": seed, **SMALL} for seed in range(12)]
    source, output = write_lines(tmp_path / "p.jsonl", rows), tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "zanime.batch",
        str(source),
        "-o",
        str(output),
        "--batch-size",
        "4",
    ]
    seen: dict[str, tuple[int, int]] = {}
    for count in (2, 7):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ})
        limit = time.monotonic() + 120
        while len(files(output)) < count:
            assert process.poll() is None and time.monotonic() < limit
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = {name: facts for name, facts in files(output).items() if name.endswith(".png")}
        assert seen.items() <= now.items()
        seen = now
    outcome = run(job(source, output, batch_size=4))
    assert outcome.drawn + outcome.before == 12 and outcome.failed == 0
    assert seen.items() <= files(output).items()
    told = table(output)
    assert len(told) == len({row["id"] for row in told}) == 12
    assert {row["seed"] for row in told} == set(range(12))


def test_webp_carries_its_settings_without_loss(tmp_path):
    run(job(write_lines(tmp_path / "p.jsonl", ROWS[:1]), tmp_path / "out", format="webp"))
    [row] = table(tmp_path / "out")
    result = zanime.Engine().generate(zanime.GenerationParams(PROMPT, seed=7, **SMALL))
    with PIL.Image.open(tmp_path / "out" / row["file"]) as image:
        assert image.format == "WEBP" and image.getexif()[0x010E] == result.parameters
        assert image.convert("RGB").tobytes() == result.pictures[0].tobytes()


def test_shards_are_those_of_webdataset(tmp_path):
    source = write_lines(tmp_path / "p.jsonl", ROWS)
    output = tmp_path / "out"
    run(job(source, output, format="webdataset", batch_size=2))
    rows = table(output)
    assert len({row["file"] for row in rows}) == 2
    for row in rows:
        with tarfile.open(output / row["file"]) as shard:
            assert all(name.partition(".")[2] in ("png", "json") for name in shard.getnames())
            facts = json.load(shard.extractfile(f"{row['id']}.json"))
            image = PIL.Image.open(io.BytesIO(shard.extractfile(f"{row['id']}.png").read()))
        assert facts["seed"] == row["seed"] and image.size == (64, 64)
    before = files(output)
    assert run(job(source, output, format="webdataset", batch_size=2)).drawn == 0
    assert files(output) == before


@pytest.mark.parametrize("name", ["none.jsonl", "a.txt", "empty", "bad.parquet", "bad.csv"])
def test_a_source_that_is_none_is_told_before_anything_is_drawn(tmp_path, name, capsys):
    source = tmp_path / name
    if name == "empty":
        source.mkdir()
    elif name != "none.jsonl":
        source.write_bytes(b"prompt\n\xff\xfe\0" if name == "bad.csv" else b"PAR1 no")
    assert main([str(source), "-o", str(tmp_path / "out")]) == 2
    assert name in capsys.readouterr().err
    assert not files(tmp_path / "out")


def test_two_jobs_do_not_write_to_one_folder(tmp_path):
    source = write_lines(tmp_path / "p.jsonl", ROWS[:1])

    def second(*_):
        with pytest.raises(BatchError, match="Another job"):
            run(job(source, tmp_path / "out"))
        told.append(True)

    told: list[bool] = []
    run(job(source, tmp_path / "out"), second)
    assert told


def test_the_same_prompt_is_encoded_once(tmp_path):
    """Rows are drawn by size and prompt, whatever their order in the file."""
    rows = [{"prompt": f"{n % 2}girl", "seed": n, **SMALL} for n in range(6)]
    seen: list[str] = []
    from zanime.batch.drawer import Drawer

    drawer = Drawer(Settings(str(tmp_path)))
    for told in drawer.draw(list(read_rows(write_lines(tmp_path / "p.jsonl", rows)))):
        seen.append(json.loads(told["parameters"])["prompt"])
    assert seen == sorted(seen)
