"""Closed by default: each point by itself."""

import base64
import json
import os
import socket
import statistics
import struct
import time
import zlib

import pytest
from conftest import PROMPT, SMALL, finished, launch, running

TOKEN = "open-sesame-0123456789"
OTHER = "another-sesame-0123456789"
BODY = {"prompt": PROMPT, "size": "64x64", "steps": 1}


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """With tokens, on all addresses, with the page."""
    folder = tmp_path_factory.mktemp("closed")
    (folder / "tokens").write_text(f"# who may\n{TOKEN}\nfriend:{OTHER}\n")
    with running(
        folder, "--host", "0.0.0.0", "--token-file", str(folder / "tokens"),
        "--allow-origin", "https://page.example", "--allow-host", "pictures.example",
    ) as server:  # fmt: skip
        yield server


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(token: str = TOKEN, user: str = "anybody") -> dict[str, str]:
    text = base64.b64encode(f"{user}:{token}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_another_address_needs_a_token(tmp_path, host):
    server = launch(tmp_path, "--no-page", "--host", host)
    assert server.process.wait(120) == 2
    assert "token is needed" in server.log.read_text()


@pytest.mark.parametrize(
    ("token", "told"), [("short", "16 or more"), ("a" * 9 + " " + "b" * 9, "")]
)
def test_a_weak_token_is_refused(tmp_path, token, told):
    server = launch(tmp_path, "--no-page", ZANIME_TOKEN=token)
    assert server.process.wait(120) == 2
    log = server.log.read_text()
    assert told in log and token not in log


def test_it_listens_on_this_machine_alone(server):
    port = int(server.url.rpartition(":")[2])
    ours = socket.gethostbyname(socket.gethostname())
    if ours.startswith("127."):
        pytest.skip("this machine has no other address")
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex((ours, port)) != 0


ROUTES = ["/", "/v1/models", "/sdapi/v1/options", "/zanime/v1/gallery", "/metrics", "/openapi.json",
          "/config", "/gradio_api/info", "/no/such/route"]  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "header",
    [
        {}, bearer("wrong-sesame-0123456789"), bearer(TOKEN[:-1]), basic("wrong"),
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !!!"}, {"Authorization": f"Digest {TOKEN}"},
        {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN} x"},
    ],
    ids=range(9),
)  # fmt: skip
def test_nothing_is_told_without_the_token(closed, route, header):
    with closed.client() as client:
        answer = client.get(route, headers=header)
    assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic")
    assert set(answer.json()) in ({"error"}, {"detail", "error", "errors"})


def test_the_token_opens_as_bearer_and_as_password(closed):
    with closed.client() as client:
        for header in (bearer(), basic(), basic(user=""), bearer(OTHER)):
            assert client.get("/v1/models", headers=header).status_code == 200
        assert "gradio" in client.get("/", headers=basic()).text
        assert client.get("/health").json() == {"status": "ok"}


def test_the_token_is_asked_for_before_the_body_is_read(closed):
    port = int(closed.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        raw.sendall(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 60000000\r\n\r\n{"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 401")  # and waits for nothing more


def test_tokens_are_compared_in_constant_time(monkeypatch):
    """Digests of equal length, all of them, by hmac.compare_digest."""
    from zanime.serve import callers

    compared = []
    monkeypatch.setattr(
        callers.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b
    )
    tokens = {TOKEN: "", OTHER: "friend"}
    for given in (TOKEN, OTHER, "x", TOKEN + "x"):
        compared.clear()
        found = callers.caller_of({"authorization": f"Bearer {given}"}, "", tokens)
        assert (found is not None) == (given in tokens)
        assert len(compared) == 2 and {len(part) for pair in compared for part in pair} == {32}
    monkeypatch.undo()
    times: dict[str, list[float]] = {TOKEN[:-1] + "x": [], "x" * len(TOKEN): []}
    for _ in range(300):  # a prefix that is right takes no longer
        for given, took in times.items():
            begun = time.perf_counter_ns()
            callers.caller_of({"authorization": f"Bearer {given}"}, "", tokens)
            took.append(time.perf_counter_ns() - begun)
    near, far = (statistics.median(took) for took in times.values())
    assert near < 2 * far and far < 2 * near


def test_holders_see_their_own_pictures(closed):
    with closed.client(headers=bearer()) as one, closed.client(headers=bearer(OTHER)) as other:
        job = finished(
            one, one.post("/zanime/v1/jobs", json={"prompt": PROMPT, **SMALL}).json()["id"]
        )
        for route in (f"/zanime/v1/jobs/{job['id']}", job["pictures"][0]["url"]):
            assert one.get(route).status_code == 200
            assert other.get(route).status_code == other.delete(route).status_code == 404
        assert other.get("/zanime/v1/gallery").json()["pictures"] == []
        assert other.get("/zanime/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""]
)
def test_another_name_leads_nowhere(closed, host):
    with closed.client(headers=bearer()) as client:
        assert client.get("/v1/models", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:7860", "Pictures.example:80"])
def test_its_own_names_do(closed, host):
    with closed.client(headers=bearer()) as client:
        assert client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("route", ["/v1/models", "/", "/config", "/sdapi/v1/options"])
def test_other_pages_may_not_call(closed, server, route):
    for origin in (
        "https://evil.example",
        "null",
        "http://localhost:1",
        "https://page.example.evil",
    ):
        header = {"Origin": origin}
        for asked, add in ((server, {}), (closed, bearer())):
            with asked.client() as client:
                answer = client.get(route, headers={**header, **add})
                assert answer.status_code == 403
                assert not any(name.startswith("access-control") for name in answer.headers)
                answer = client.options(
                    route, headers={**header, "Access-Control-Request-Method": "POST"}
                )
                assert (
                    answer.status_code == 403
                    and "access-control-allow-origin" not in answer.headers
                )


def test_a_form_of_another_page_draws_nothing(server):
    """A browser sends such a form without asking first."""
    with server.client() as client:
        header = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        body = json.dumps(BODY)
        for route in ("/v1/images/generations", "/sdapi/v1/txt2img", "/sdapi/v1/interrupt"):
            assert client.post(route, content=body, headers=header).status_code == 403
        own = client.get("/v1/models", headers={"Origin": server.url})
        assert own.status_code == 200 and "access-control-allow-origin" not in own.headers


def test_pages_that_are_listed_may(closed):
    origin = {"Origin": "https://page.example"}
    with closed.client() as client:
        asked = {**origin, "Access-Control-Request-Method": "POST"}
        told = client.options("/v1/images/generations", headers=asked)
        assert told.status_code == 204
        assert told.headers["access-control-allow-origin"] == "https://page.example"
        assert "access-control-allow-credentials" not in told.headers
        assert client.get("/v1/models", headers=origin).status_code == 401
        answer = client.get("/v1/models", headers={**origin, **bearer()})
        assert answer.headers["access-control-allow-origin"] == "https://page.example"


def test_bodies_have_a_limit_whatever_they_say(http):
    large = 64 * 2**20 + 1
    answer = http.post("/v1/images/generations", content=b" " * large)
    assert answer.status_code == 413

    def pieces():
        for _ in range(65):
            yield b" " * 2**20

    header = {"content-type": "application/json"}
    assert http.post("/sdapi/v1/txt2img", content=pieces(), headers=header).status_code == 413
    assert http.get("/health").status_code == 200


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG of this size, and nothing in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_pixels_counts_and_steps_are_capped(http):
    for fields in ({"width": 4096, "height": 4096}, {"batch_size": 6, "n_iter": 2}, {"steps": 101},
                   {"width": 1024, "height": 1024, "enable_hr": True, "hr_scale": 4}):  # fmt: skip
        answer = http.post("/sdapi/v1/txt2img", json={"prompt": PROMPT, "steps": 1, **fields})
        assert answer.status_code == 400, answer.text
    bomb = base64.b64encode(png_of(60_000, 60_000)).decode()
    body = {"prompt": PROMPT, "init_images": [bomb], "steps": 1}
    answer = http.post("/sdapi/v1/img2img", json=body)
    assert answer.status_code == 400 and "the most is" in answer.json()["detail"]


@pytest.mark.parametrize(
    "route",
    [
        "/zanime/v1/gallery/../../../../etc/passwd",
        "/zanime/v1/gallery/..%2f..%2f..%2fetc%2fpasswd",
        "/zanime/v1/gallery/%2e%2e",
        "/zanime/v1/gallery/jobs.sqlite3",
        "/zanime/v1/gallery/" + "0" * 32 + "-0%00.png",
        "/zanime/v1/jobs/..%2f..%2fjobs.sqlite3",
        "/zanime/v1/jobs/%00",
        "/v1/models/..%2f..%2fetc%2fpasswd",
    ],
)
def test_ids_and_names_never_become_paths(http, route):
    for method in ("GET", "DELETE"):
        answer = http.request(method, route)
        assert answer.status_code in (404, 405, 422) and "root:" not in answer.text
        assert "SQLite" not in answer.text


@pytest.mark.parametrize(
    "name", ["../vae/x", "/etc/passwd", "a/../../x", "..\\x", "./x", "a//x", "c:x", ".."]
)
def test_names_of_files_stay_in_their_folders(http, name):
    for body in ({"model": name}, {"loras": [{"name": name}]}):
        answer = http.post("/zanime/v1/jobs", json={"prompt": PROMPT, **SMALL, **body})
        assert answer.status_code == 400 and "out of its folder" in answer.json()["detail"]
    lora = http.post("/sdapi/v1/txt2img", json={"prompt": f"<lora:{name}:1>", "steps": 1})
    # A colon is no part of such a name.
    assert lora.status_code == 400 or ":" in name


def test_no_address_is_ever_asked(http):
    """A server of this machine that would count."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"
        for route, body in (
            ("/sdapi/v1/img2img", {"init_images": [url], "steps": 1}),
            ("/sdapi/v1/txt2img", {"prompt": PROMPT, "url": url, **SMALL}),
            ("/sdapi/v1/png-info", {"image": url}),
            ("/zanime/v1/jobs", {"prompt": "", "init_image": url}),
            ("/v1/images/generations", {**BODY, "image": url, "image_url": url}),
        ):
            http.post(route, json=body)
        http.post(
            "/v1/images/edits", files={"image": ("a", url)}, data={"prompt": "a", "mask": url}
        )
        with pytest.raises(TimeoutError):
            listener.accept()


def test_only_raster_pictures_come_out_and_none_is_sniffed(http):
    assert (
        http.post("/v1/images/generations", json={**BODY, "output_format": "svg"}).status_code
        == 400
    )
    job = finished(
        http, http.post("/zanime/v1/jobs", json={"prompt": PROMPT, **SMALL}).json()["id"]
    )
    for route in (job["pictures"][0]["url"], "/v1/models", "/health", "/metrics", "/nowhere"):
        assert http.get(route).headers["x-content-type-options"] == "nosniff"
    assert http.get(job["pictures"][0]["url"]).headers["content-type"] == "image/png"


def test_no_route_installs_or_configures(http):
    """Routes of A1111 and Gradio that do are not here, and options of one are not another's."""
    for route in ("server-kill", "server-restart", "reload-checkpoint", "unload-checkpoint",
                  "train/embedding", "create/embedding", "extensions/install"):  # fmt: skip
        assert http.post(f"/sdapi/v1/{route}", json={}).status_code in (404, 405)
    paths = http.get("/openapi.json").json()["paths"]
    words = ("install", "config", "restart", "kill", "upload", "pickle", "load")
    assert not [path for path in paths if any(word in path for word in words)]


def test_no_pickle_comes_from_a_caller():
    """The only one is between the server and the worker that it started."""
    from pathlib import Path

    import zanime.serve

    sources = "".join(file.read_text() for file in Path(zanime.serve.__file__).parent.glob("*.py"))
    assert not any(word in sources for word in ("pickle", "marshal", "eval(", "exec(", "yaml"))


def test_prompts_and_secrets_are_not_logged(tmp_path):
    secret = "sesame-street-0123456789"
    with running(tmp_path, "--no-page", ZANIME_TOKEN=secret) as server:
        with server.client(headers=bearer(secret)) as client:
            fields = {"url": "http://u:sesame@h/", "auth": "sesame:sesame"}
            for body in ({**BODY, **fields}, {**BODY, "steps": "twin tails"}, {**BODY, "n": 99}):
                client.post("/v1/images/generations", json=body)
                client.post("/sdapi/v1/txt2img?prompt=twin+tails", json={**body, "width": 64})
            client.get("/v1/models/twin tails")
            client.get("/twin tails/twin tails")
        server.process.terminate()
        server.process.wait(20)
        log = server.log.read_text()
    assert "POST /sdapi/v1/txt2img 200" in log
    assert "?" not in log and "u:" not in log


def test_what_is_kept_is_the_users_alone(server):
    for path in (server.data, server.data / "jobs.sqlite3", server.data / "pictures"):
        assert os.stat(path).st_mode & 0o077 == 0, path
