"""Jobs that last: over requests, clients that go, and the death of the server."""

import base64
import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from conftest import PROMPT, SLOW, SMALL, check_log, end, finished, launch, running, start, wait_for

SMALL_JOB = {"prompt": PROMPT, **SMALL}
SLOW_JOB = {"prompt": PROMPT, **SLOW}


def submit(client: httpx.Client, **header: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def ask(body):
        answer = client.post("/zanime/v1/jobs", json=body, headers=header)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return ask


def test_a_job_is_taken_at_once_and_becomes_pictures(http):
    answer = http.post("/zanime/v1/jobs", json={**SMALL_JOB, "count": 3, "seed": 2**64 - 2})
    assert answer.status_code == 202 and answer.json()["state"] in ("queued", "running")
    assert answer.headers["location"] == f"/zanime/v1/jobs/{answer.json()['id']}"
    job = finished(http, answer.json()["id"])
    seeds = [str(2**64 - 2), str(2**64 - 1), "0"]
    assert job["state"] == "done" and [one["seed"] for one in job["pictures"]] == seeds
    gallery = http.get("/zanime/v1/gallery?limit=2").json()
    assert [one["id"] for one in gallery["pictures"]] == [
        job["pictures"][2]["id"],
        job["pictures"][1]["id"],
    ]
    older = http.get(f"/zanime/v1/gallery?limit=1&before={gallery['next']}").json()
    assert older["pictures"][0]["id"] == job["pictures"][0]["id"]
    assert "Seed: 0" in gallery["pictures"][0]["parameters"]
    file = http.get(job["pictures"][0]["url"])
    assert file.headers["content-type"] == "image/png" and file.content[:4] == b"\x89PNG"
    assert http.delete(job["pictures"][0]["url"]).status_code == 204
    assert http.get(job["pictures"][0]["url"]).status_code == 404


def test_events_tell_steps_pictures_and_the_end(http):
    job = submit(http)({**SMALL_JOB, "count": 2, "steps": 3})
    with http.stream("GET", f"/zanime/v1/jobs/{job['id']}/events") as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    names = [event["type"] for event in events]
    assert names[0] == "job" and names[-1] == "ended" and names.count("picture") == 2
    assert events[-1]["state"] == "done"
    with http.stream("GET", f"/zanime/v1/jobs/{job['id']}/events") as answer:  # when it is over
        assert answer.read().count(b"event: ended") == 1


def test_a_job_is_cancelled_and_its_finished_pictures_stay(http):
    job = submit(http)({**SMALL_JOB, "count": 10, "steps": 20})
    wait_for(lambda: http.get(f"/zanime/v1/jobs/{job['id']}").json()["pictures"])
    http.delete(f"/zanime/v1/jobs/{job['id']}")
    over = finished(http, job["id"])
    assert over["state"] == "cancelled" and 0 < len(over["pictures"]) < 10
    assert http.get(over["pictures"][0]["url"]).status_code == 200


def test_a_job_starts_from_a_picture(http, server):
    job = finished(http, submit(http)(SMALL_JOB)["id"])
    picture = base64.b64encode(http.get(job["pictures"][0]["url"]).content).decode()
    body = {"prompt": PROMPT, "steps": 2, "init_image": picture, "strength": 0.5}
    again = finished(http, submit(http)(body)["id"])
    assert again["state"] == "done", again
    assert (again["pictures"][0]["width"], again["pictures"][0]["height"]) == (64, 64)
    assert not list((server.data / "inputs").iterdir())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"steps": 0}, 400),
        ({"width": 100}, 400),
        ({"count": 11}, 400),
        ({"init_image": "https://example.org/a.png"}, 400),
        ({"init_image": "/etc/passwd"}, 400),
        ({"init_image": "data:image/png;base64,AAAA"}, 400),
        ({"model": "../../x"}, 400),
        ({"loras": [{"name": "../x"}]}, 400),
        ({"no_such": 1}, 422),
        ({"seed": -1}, 422),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_queued(http, server, body, status):
    before = len(http.get("/zanime/v1/jobs").json()["jobs"])
    answer = http.post("/zanime/v1/jobs", json={**SMALL_JOB, **body})
    assert answer.status_code == status and answer.json()["detail"]
    assert len(http.get("/zanime/v1/jobs").json()["jobs"]) == before
    assert not list((server.data / "inputs").iterdir())


def test_a_worker_that_dies_is_replaced_once(tmp_path):
    with running(tmp_path, "--no-page") as server, server.client() as client:
        job = submit(client)({**SMALL_JOB, "count": 2})
        os.kill(wait_for(server.workers)[0], signal.SIGKILL)  # once is bad luck
        assert finished(client, job["id"])["state"] == "done"
        slow = submit(client)(SLOW_JOB)
        pids = set()
        while len(pids) < 2:  # twice is a defect of the request
            pid = wait_for(server.workers)[0]
            wait_for(lambda: client.get(f"/zanime/v1/jobs/{slow['id']}").json()["step"])
            if pid not in pids:
                os.kill(pid, signal.SIGKILL)
                pids.add(pid)
            time.sleep(0.2)
        job = finished(client, slow["id"])
        assert job["state"] == "failed" and "ended in the middle" in job["error"]["message"]


def test_callers_take_turns(server):
    """The one who asks for many does not keep the other waiting, and order is kept within each."""
    with server.client() as client:
        busy = submit(client, **{"X-Client-Id": "busy"})
        slow = busy(SLOW_JOB)
        many = [busy(SMALL_JOB)["id"] for _ in range(6)]
        others = submit(client, **{"X-Client-Id": "other"})
        one = others(SMALL_JOB)["id"]
        client.delete(f"/zanime/v1/jobs/{slow['id']}")
        for job in [*many, one]:
            finished(client, job)
        made = [picture["job"] for picture in reversed(server.gallery())]
    order = [made.index(job) for job in many]
    assert order == sorted(order) and made.index(one) < order[1]


def test_only_the_callers_own_jobs_are_interrupted(server):
    with server.client() as client:
        mine, theirs = {"X-Client-Id": "mine"}, {"X-Client-Id": "theirs"}
        answers = {}

        def draw(name, header, body):
            with server.client() as other:
                answers[name] = other.post("/sdapi/v1/txt2img", json=body, headers=header)

        threads = [
            threading.Thread(target=draw, args=item)
            for item in (("mine", mine, SLOW_JOB), ("theirs", theirs, SMALL_JOB))
        ]
        for thread, header in zip(threads, (mine, theirs), strict=True):  # theirs waits for mine
            thread.start()
            wait_for(
                lambda header=header: client.get("/sdapi/v1/progress", headers=header).json()[
                    "progress"
                ]
            )
        client.post("/sdapi/v1/interrupt", headers={"X-Client-Id": "nobody"})
        client.post("/sdapi/v1/interrupt", headers=mine)
        for thread in threads:
            thread.join(120)
    assert answers["mine"].json()["images"] == [] and len(answers["theirs"].json()["images"]) == 1


def test_a_full_line_says_when_to_come_again(tmp_path):
    with running(tmp_path, "--no-page", "--queue", "2") as server, server.client() as client:
        job = submit(client)
        jobs = [job(SLOW_JOB)]
        wait_for(
            lambda: client.get(f"/zanime/v1/jobs/{jobs[0]['id']}").json()["state"] == "running"
        )
        jobs += [job(SLOW_JOB), job(SLOW_JOB)]
        body = {"prompt": PROMPT, "size": "64x64"}
        for route, asked in (
            ("/v1/images/generations", body),
            ("/sdapi/v1/txt2img", body),
            ("/zanime/v1/jobs", SMALL_JOB),
        ):
            answer = client.post(route, json=asked)
            assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60
            assert answer.headers["x-should-retry"] == "true"
        for one in jobs:
            client.delete(f"/zanime/v1/jobs/{one['id']}")
        for one in jobs:
            finished(client, one["id"])
        assert client.post("/zanime/v1/jobs", json=SMALL_JOB).status_code == 202


def test_the_oldest_pictures_go(tmp_path):
    with running(tmp_path, "--no-page", "--keep", "3") as server, server.client() as client:
        job = finished(client, submit(client)({**SMALL_JOB, "count": 5})["id"])
        kept = [picture["place"] for picture in server.gallery()]
        assert kept == [4, 3, 2] and job["state"] == "done"
        assert len(list((server.data / "pictures").glob("*/*.png"))) == 3


def test_two_servers_do_not_draw_one_queue(tmp_path):
    with running(tmp_path, "--no-page"):
        second = launch(tmp_path, "--no-page")
        assert second.process.wait(120) == 2
        assert "Another server uses" in second.log.read_text()


def test_a_kill_at_any_moment_loses_nothing_and_draws_nothing_twice(tmp_path):
    """Kills at random moments, also between a file and its row, until all is drawn."""
    chance = random.Random(17)
    server = start(tmp_path, "--no-page")
    with server.client() as client:
        job = submit(client)
        wanted = {job({**SMALL_JOB, "count": 3, "seed": 100 * n})["id"]: 3 for n in range(4)}
        key = {"Idempotency-Key": "kept"}
        body = {**SMALL_JOB, "seed": 999}
        wanted[client.post("/zanime/v1/jobs", json=body, headers=key).json()["id"]] = 1
        first = finished(client, next(iter(wanted)))
    files: dict[str, tuple[int, int]] = {}
    for _ in range(3):
        time.sleep(chance.uniform(0.0, 0.8))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        files |= unchanged(server, files)
        server = start(tmp_path, "--no-page")
    with server.client() as client:
        again = client.post("/zanime/v1/jobs", json=body, headers=key).json()
        assert again["id"] in wanted
        for id, count in wanted.items():
            told = finished(client, id)
            places = [picture["place"] for picture in told["pictures"]]
            assert told["state"] == "done" and places == list(range(count))
        assert first == finished(client, first["id"])
        gallery = server.gallery()
    assert sorted((one["job"], one["place"]) for one in gallery) == sorted(
        (id, place) for id, count in wanted.items() for place in range(count)
    )
    assert len({one["seed"] for one in gallery}) == len(gallery)
    unchanged(server, files)
    assert not list((server.data / "pictures").glob("*/.*"))
    end(server)
    check_log(server)


def unchanged(server, before):
    """The inodes and times of the pictures' files; those that were there are the same."""
    now = {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in (server.data / "pictures").glob("*/*.png")
    }
    assert before.items() <= now.items(), "a finished picture was lost or drawn again"
    return now


def test_a_file_without_its_row_is_taken_and_not_drawn(tmp_path):
    server = start(tmp_path, "--no-page")
    with server.client() as client:
        done = finished(client, submit(client)({**SMALL_JOB, "seed": 5})["id"])
        source = server.data / "pictures" / done["id"][:2] / f"{done['pictures'][0]['id']}.png"
        data = source.read_bytes()
        slow = submit(client)({**SLOW_JOB, "seed": 6})  # keeps the next one waiting
        waiting = submit(client)({**SMALL_JOB, "seed": 5})
    end(server, signal.SIGKILL)
    folder = server.data / "pictures" / waiting["id"][:2]
    folder.mkdir(exist_ok=True)
    (folder / f"{waiting['id']}-0.png").write_bytes(data)  # as a kill leaves it
    before = unchanged(server, {})
    server = start(tmp_path, "--no-page")
    try:
        with server.client() as client:
            told = finished(client, waiting["id"])
            client.delete(f"/zanime/v1/jobs/{slow['id']}")
            assert told["state"] == "done" and told["pictures"][0]["width"] == 64
            assert "Seed: 5" in told["pictures"][0]["parameters"]
            assert finished(client, slow["id"])["state"] == "cancelled"
        unchanged(server, before)
    finally:
        end(server)
    check_log(server)


def test_jobs_whose_client_went_with_the_server_are_dropped(tmp_path):
    """Unless it asks again by itself. What was finished of them stays in the gallery."""
    server = start(tmp_path, "--no-page")

    def ask(header):
        body = {"prompt": PROMPT, "size": "64x64", "steps": 1, "n": 10}
        with server.client() as client, contextlib.suppress(httpx.TransportError):
            client.post("/v1/images/generations", json=body, headers=header)

    retry = {"X-Client-Id": "retry", "x-stainless-retry-count": "0"}
    threads = [threading.Thread(target=ask, args=(one,)) for one in ({}, retry)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len({one["job"] for one in server.gallery()}) == 2)
    end(server, signal.SIGKILL)
    for thread in threads:
        thread.join(30)
    files = unchanged(server, {})
    with running(tmp_path, "--no-page") as server, server.client() as client:
        [dropped] = client.get("/zanime/v1/jobs").json()["jobs"]
        assert dropped["state"] == "cancelled" and 0 < len(dropped["pictures"]) < 10
        [kept] = client.get("/zanime/v1/jobs", headers=retry).json()["jobs"]
        told = finished(client, kept["id"])
        assert [one["place"] for one in told["pictures"]] == list(range(10))
        unchanged(server, files)
        listed = {f"{one['id']}.png" for one in server.gallery()}
        assert set(files) <= listed


def test_sigterm_puts_back_what_waits_and_answers_who_waits(tmp_path):
    server = start(tmp_path, "--no-page")
    answers = []

    def draw():
        with server.client() as other:
            body = {"prompt": PROMPT, "size": "64x64", "steps": 1}
            answers.append(other.post("/v1/images/generations", json=body))

    with server.client() as client:
        slow = submit(client)(SLOW_JOB)["id"]
        wait_for(lambda: client.get(f"/zanime/v1/jobs/{slow}").json()["step"])
        thread = threading.Thread(target=draw)
        thread.start()
        wait_for(lambda: "zanime_requests_waiting 1.0" in client.get("/metrics").text)
    took = end(server)
    thread.join(20)
    assert server.process.returncode == 0 and took < 10.5
    assert answers[0].status_code == 503 and answers[0].headers["retry-after"]
    with running(tmp_path, "--no-page") as server, server.client() as client:
        wait_for(lambda: client.get(f"/zanime/v1/jobs/{slow}").json()["state"] == "running")
        client.delete(f"/zanime/v1/jobs/{slow}")
        assert finished(client, slow)["state"] == "cancelled"
