"""The page on ZeroGPU: the platform's own package, and its service as a server on this machine."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PROMPT, ROOT, running
from device_api import GRANTED, Answer, DeviceApi
from driver import generate, screenshot, wait_for_status, write
from gradio_client import Client

SLOW = {"width": 256, "height": 256, "steps": 100}
VISITOR = {"X-IP-Token": "a.e30.c"}  # "{}" is what it says


@pytest.fixture(scope="module")
def api():
    service = DeviceApi()
    yield service
    service.close()


@pytest.fixture(scope="module")
def zero(api, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zero")
    (folder / "cgroup").write_text("0::/space\n")
    environment = {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": api.address,
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(folder / "cgroup"),
        "HOME": str(folder),
        "no_proxy": "*",
    }
    with running(folder, **environment) as app:
        assert api.of("/startup-report")  # the platform has seen that there is something to run
        yield app
    for process in api.processes:  # which outlive the page, and end with their machine there
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def visitor(zero, api):
    api.answer = lambda: Answer(body=GRANTED)
    api.asked.clear()
    return Client(zero.url, headers=VISITOR, verbose=False)


def make(client: Client, **values):
    return client.predict(api_name="/generate", **{"prompt": PROMPT, "steps": 1, **values})


def wait_for(condition, seconds=30.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def shown(job) -> str:
    return "".join(str(outputs[5]) for outputs in job.outputs())


def test_the_picture_is_the_programs_and_the_declared_time_is_short(visitor, api, program_picture):
    pictures, *_ = make(visitor, seed="7", steps=4)
    assert Path(pictures[0]["image"]).read_bytes() == program_picture(
        PROMPT, "--seed", "7", "--steps", "4"
    )
    for seed in range(3):
        make(visitor, seed=str(seed), steps=4)
    declared = [int(asked["durationSeconds"]) for asked in api.of("/schedule")]
    assert all(2 <= seconds <= 10 for seconds in declared), declared
    assert [asked["token"] for asked in api.of("/schedule")] == [VISITOR["X-IP-Token"]] * 4
    assert len(api.of("/release")) == 4 and api.of("/release")[-1]["fail"] == "false"
    # One process for all: what it has loaded stays there.
    assert len(api.processes) == 1


def test_the_declared_time_follows_the_work(visitor, api):
    def declared(**values) -> int:
        api.answer = lambda: Answer(429, {"left": 1, "wait": -1})
        with pytest.raises(Exception, match="Lower the size"):
            make(visitor, **values)
        return int(api.of("/schedule")[-1]["durationSeconds"])

    small = declared(width=1024, height=1024, steps=10)
    assert declared(width=1024, height=1024, steps=20) > small
    assert declared(width=1024, height=1024, steps=10, batch=2) > small
    assert declared(width=1024, height=1024, steps=10, cfg=4) > small
    assert declared(width=1024, height=512, steps=10) < small
    # More than a day, of which the package would take what is beyond the day.
    assert declared(width=2048, height=2048, steps=100, batch=16, cfg=4) > 1000


@pytest.mark.parametrize(
    ("answer", "headers", "told"),
    [
        (Answer(429, {"left": 3, "wait": -1}), VISITOR, "longer than one call may.*Lower the size"),
        (
            Answer(429, {"left": 3, "wait": 4000}),
            VISITOR,
            r"too short.*fewer steps.*asks for \d+ s, 3 s are left; more comes in 1:06:40\.",
        ),
        (Answer(429, {"left": 3, "wait": 0}), VISITOR, "as many pictures as the platform allows"),
        (Answer(429, {"left": 3, "wait": 9}), {}, "visitors who are not signed in"),
        (
            Answer(
                429,
                {"left": 3, "wait": 9},
                {"X-Approve-Result": "pending-overquota-exceeded"},
            ),
            VISITOR,
            "Wait until one is done",
        ),
        (Answer(503), VISITOR, "No GPU was free. Try again in a minute"),
        (Answer(401), VISITOR, "Reload"),
        (Answer(500), VISITOR, "did not answer as it should"),
        (Answer(body=[(0.1, "ping"), (0.3, "failed")]), VISITOR, "No GPU was free for a minute"),
        (Answer(body=[(0.1, "ping"), (0.3, "failed")]), {}, "No GPU was free for a minute"),
        (Answer(body=[(0.1, "ping")]), VISITOR, "did not answer as it should"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_are_sentences(zero, visitor, api, answer, headers, told):
    api.answer = lambda: answer
    client = Client(zero.url, headers=headers, verbose=False)
    with pytest.raises(Exception, match=told) as caught:
        make(client)
    assert "Traceback" not in str(caught.value) and "ZeroGPU API" not in str(caught.value)
    api.answer = lambda: Answer(body=GRANTED)
    assert make(client)[0]  # and the page goes on


def test_a_gpu_that_comes_later_is_waited_for(visitor, api):
    granted = f"succeeded\ndata: {json.dumps(GRANTED)}"
    api.answer = lambda: Answer(body=[(0.1, "ping"), (1, granted)])
    assert make(visitor)[0]


def test_stop_works_before_there_is_a_gpu(visitor, api):
    granted = f"succeeded\ndata: {json.dumps(GRANTED)}"
    api.answer = lambda: Answer(body=[(0.1, "ping"), (8, granted)])
    job = visitor.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: api.of("/schedule"))
    time.sleep(1)
    start = time.monotonic()
    assert visitor.predict(api_name="/cancel") == "Stopped 1."
    assert "Stopped" in job.result(20)[5] and time.monotonic() - start < 4
    wait_for(lambda: api.of("/release"))  # when it came at last, it was given back
    api.answer = lambda: Answer(body=GRANTED)
    assert make(visitor)[0]


def test_stop_gives_the_gpu_back(visitor, api):
    job = visitor.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: "Step" in shown(job))
    assert visitor.predict(api_name="/cancel") == "Stopped 1."
    assert "Stopped" in job.result(20)[5]
    wait_for(lambda: api.of("/release"))
    assert make(visitor)[0]


def test_a_task_that_the_platform_ends_gets_a_sentence(visitor, api):
    job = visitor.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: "Step" in shown(job))
    os.kill(api.processes[-1], signal.SIGKILL)
    with pytest.raises(Exception, match="ended the task before the picture was done. Lower"):
        job.result(20)
    assert make(visitor)[0]


def test_errors_of_the_engine_keep_their_sentences(visitor):
    with pytest.raises(Exception, match="nowhere.safetensors"):
        make(visitor, model="nowhere.safetensors")
    assert make(visitor)[0]


def test_on_the_page_a_refusal_is_a_toast(open_page, zero, api):
    api.answer = lambda: Answer(429, {"left": 3, "wait": -1})
    page = open_page(390, 844, at=zero)
    write(page)
    generate(page)
    toast = page.wait_for_selector(".toast-body")
    assert "Lower the size" in toast.inner_text()
    wait_for_status(page, "longer than one call may")
    screenshot(page, "space-refusal", full_page=False)
    api.answer = lambda: Answer(body=GRANTED)
    generate(page)
    wait_for_status(page, "is done after")


def test_without_the_package_the_decorator_does_nothing(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'space')!r}); sys.modules['spaces'] = None\n"
        "from zanime_space import compute\n"
        "assert not compute.ON_ZEROGPU and compute.spaces is None\n"
        "f = lambda: 1\n"
        "assert compute.gpu(lambda: 5)(f) is f\n"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def test_the_package_is_the_one_that_the_space_asks_for():
    import importlib.metadata

    wanted = re.search(r"^spaces==(\S+)$", (ROOT / "space/requirements.txt").read_text(), re.M)
    assert importlib.metadata.version("spaces") == wanted[1]
