"""Other people's clients against the whole server, page included; and many at once."""

import asyncio
import base64
import statistics
import threading
from pathlib import Path

import gradio_client
import httpx
import pytest
import schemathesis
import zanime
from conftest import PROMPT, running, wait_for

SMALL = {"size": "64x64", "steps": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with running(tmp_path_factory.mktemp("whole")) as server:
        yield server


def test_litellm(whole, monkeypatch):
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would fetch its prices
    import litellm

    made = litellm.image_generation(
        prompt=PROMPT, model="openai/dall-e-3", api_base=f"{whole.url}/v1", api_key="none",
        size="64x64", extra_body={"steps": 1, "seed": 7},
    )  # fmt: skip
    params = zanime.GenerationParams(PROMPT, seed=7, steps=1, width=64, height=64)
    assert base64.b64decode(made.data[0].b64_json) == zanime.Engine().generate(params).png()
    with pytest.raises(litellm.BadRequestError):
        litellm.image_generation(
            prompt=PROMPT, model="openai/dall-e-3", api_base=f"{whole.url}/v1", api_key="none",
            size="9999x9999",
        )  # fmt: skip


def test_gradio_client_finds_the_page(whole):
    client = gradio_client.Client(whole.url, verbose=False)
    pictures, seed, *_ = client.predict(
        prompt=PROMPT, seed="7", steps=1, width="64", height="64", api_name="/generate"
    )
    params = zanime.GenerationParams(PROMPT, seed=7, steps=1, width=64, height=64)
    assert Path(pictures[0]["image"]).read_bytes() == zanime.Engine().generate(params).png()
    assert seed == "7" and client.predict(api_name="/models")["default"]


def test_the_page_and_the_programs_share_one_worker(whole):
    client = gradio_client.Client(whole.url, verbose=False)
    slow = client.submit(
        prompt=PROMPT, steps=60, width="64", height="64", batch=4, api_name="/generate"
    )
    wait_for(lambda: any("Step" in str(values[5]) for values in slow.outputs()))
    body = {"prompt": PROMPT, **SMALL}
    answers = []

    def draw():
        with whole.client() as other:
            answers.append(other.post("/v1/images/generations", json=body))

    thread = threading.Thread(target=draw)
    thread.start()
    with whole.client() as other:
        wait_for(lambda: "zanime_requests_waiting 1.0" in other.get("/metrics").text or answers)
    assert len(whole.workers()) == 1 and not answers
    assert client.predict(api_name="/cancel") == "Stopped 1."
    thread.join(60)
    assert answers[0].status_code == 200 and len(whole.workers()) == 1


def metrics(client: httpx.Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_metrics_count(whole):
    with whole.client() as client:
        before = metrics(client)
        client.post("/v1/images/generations", json={"prompt": PROMPT, **SMALL, "n": 2, "steps": 3})
        after = metrics(client)
    grown = {name: after[name] - before.get(name, 0.0) for name in after}
    assert grown['zanime_pictures_total{status="done"}'] == 2
    assert grown["zanime_step_seconds_count"] == 6 and grown["zanime_step_seconds_sum"] > 0
    assert grown["zanime_queue_seconds_count"] == grown["zanime_picture_seconds_count"] == 2
    assert after["zanime_requests_running"] == after["zanime_requests_waiting"] == 0
    assert after['zanime_device_memory_bytes{device="auto"}'] > 10e6
    assert not any("girl" in name for name in after)


# How many of its examples are tried on each route; more are tried by hand.
EXAMPLES = 8


def test_the_description_holds(server):
    """What a program makes of the OpenAPI description never brings an error of the server, and what
    comes back is what it says."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        tried += 1
        check(operation)
    assert tried > 40


def check(operation) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import checks
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    wanted = [
        checks.not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case) -> None:
        made_small(case.path, case.body)
        case.call_and_validate(checks=wanted, timeout=60)

    run()


DRAWING = ("/v1/images/generations", "/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/zanime/v1/jobs")


def made_small(path: str, body) -> None:
    """What would draw draws little."""
    if path not in DRAWING or not isinstance(body, dict):
        return
    for name in ("n", "count", "batch_size", "n_iter"):
        if isinstance(body.get(name), int):
            body[name] = min(body[name], 1)
    body.update({"steps": 1, "width": 64, "height": 64, "size": "64x64", "enable_hr": False})
    if "jobs" in path:
        body.update({"hires": None})
        del body["size"], body["enable_hr"]


def test_two_hundred_at_once(tmp_path):
    """Every one is answered, the server's memory stays, and callers take turns."""
    callers, each = 10, 20
    with running(tmp_path, "--no-page") as server:
        order: list[int] = []

        async def ask(client: httpx.AsyncClient, caller: int, n: int) -> int:
            answer = await client.post(
                "/v1/images/generations",
                json={"prompt": PROMPT, **SMALL, "seed": 1000 * caller + n},
                headers={"X-Client-Id": f"caller-{caller}"},
            )
            order.append(caller)
            return answer.json()["data"][0]["seed"] if answer.status_code == 200 else -1

        async def all_of_them() -> list[int]:
            limits = httpx.Limits(max_connections=callers * each)
            options = {"base_url": server.url, "timeout": 900, "trust_env": False}
            async with httpx.AsyncClient(limits=limits, **options) as client:
                # Ordered by caller: the first asks for all of its own before the second does.
                tasks = [ask(client, c, n) for c in range(callers) for n in range(each)]
                return await asyncio.gather(*tasks)

        with server.client() as client:
            client.post("/v1/images/generations", json={"prompt": PROMPT, **SMALL})
            before = memory(server)
            seeds = asyncio.run(all_of_them())
            grown = memory(server) - before
        assert seeds == [1000 * c + n for c in range(callers) for n in range(each)]
        assert len(server.gallery()) == callers * each + 1
        assert grown < 96e6, f"{grown / 1e6:.0f} MB"
        # In each caller's turn of the line the others have theirs: nobody is served to the end
        # while another waits.
        last = [max(i for i, c in enumerate(order) if c == caller) for caller in range(callers)]
        assert min(last) > 0.8 * callers * each, statistics.mean(last)


def memory(server) -> int:
    """Resident bytes of the server and its workers."""
    total = 0
    for pid in (server.process.pid, *server.workers()):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    return total
