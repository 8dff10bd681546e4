"""bench/peers.py with stand-ins for the engines: what it reads of them, computes and prints."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
import stand_ins
from engines import comfyui, stable_diffusion_cpp, zanime
from engines.child import Child, Line, split_lines, stat_parent, status_bytes
from engines.picture import psnr, read_png
from engines.report import Result, table
from engines.request import Measurement, PeerError, Request, split_stages

SCRIPT = Path(__file__).parents[2] / "bench" / "peers.py"


@pytest.fixture
def files(tmp_path) -> list[str]:
    options = []
    for name in ("model", "text-encoder", "vae"):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(b"weights")
        options += [f"--{name}", str(path)]
    return options


def peers(*options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-B", SCRIPT, *options]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300
    )


def test_all_three_are_measured_the_same_way(tmp_path, files):
    said = peers(
        *("--zanime", stand_ins.zanime(tmp_path / "zanime")),
        *("--comfyui", stand_ins.comfyui(tmp_path / "ComfyUI"), "--comfyui-python", sys.executable),
        *("--sdcpp", stand_ins.sd_cli(tmp_path / "sd-cli")),
        *files,
        *("--size", "64", "--steps", "4", "--threads", "2", "--keep", tmp_path / "kept", "--json"),
    )
    assert said.returncode == 0, said.stderr
    (run,) = json.loads(said.stdout)["runs"]
    ours, comfy, cpp = run["results"]
    assert [ours["version"], comfy["version"], cpp["version"]] == [
        "1.2.3",
        "0.1, torch 2",
        "master-1-abc",
    ]
    assert [ours["encode"], ours["decode"]] == [0.2, 0.07]
    assert cpp["decode"] == 0.05
    # A busy machine delays what was said: no bounds from above, and none for differences.
    for result in run["results"]:
        parts = result["start"] + result["encode"] + 4 * result["step"] + result["decode"]
        assert parts < result["total"] + 1
        assert 1 << 20 < result["peak_anonymous"] < result["peak_resident"]
    assert comfy["same_picture"] and not cpp["same_picture"]
    assert cpp["psnr"] == pytest.approx(20 * math.log10(255))
    assert comfy["ratios"]["decode"] == pytest.approx(comfy["decode"] / 0.07)
    assert len(list((tmp_path / "kept").iterdir())) == 3


@pytest.mark.parametrize(
    ("failure", "words"),
    [("refuse", "value not in list"), ("fail", "KSampler: X: why"), ("die", "lost while")],
)
def test_a_failing_engine_leaves_the_others(tmp_path, files, failure, words):
    said = peers(
        *("--zanime", stand_ins.zanime(tmp_path / "zanime")),
        *("--comfyui", stand_ins.comfyui(tmp_path / "ComfyUI", failure)),
        *("--comfyui-python", sys.executable, "--size", "64", "--steps", "2", *files),
    )
    assert said.returncode == 1
    assert words in said.stderr
    assert re.search(r"^\| one step \| -?[\d.]+ s \| failed \| - \|$", said.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "no engine given"),
        (["--zanime", "nowhere"], "nowhere is no program"),
        (["--comfyui", "/"], "it has no main.py"),
        (["--zanime", sys.executable, "--steps", "1"], "--steps: found 1, expected at least 2"),
        (["--zanime", sys.executable, "--size", "100"], "found 100, expected multiples of 64"),
        (["--zanime", sys.executable, "--size", "large"], "--sizes: found 'large'"),
        (["--zanime", sys.executable, "--vae", "none"], "none is no file"),
    ],
)
def test_what_is_missing_is_named(files, options, words):
    said = peers(*files, *options)
    assert said.returncode == 2
    assert words in said.stderr


def test_a_program_that_fails_is_quoted(tmp_path):
    with Child(
        [sys.executable, "-c", "print('no such file'); raise SystemExit(4)"], tmp_path
    ) as child:
        with pytest.raises(PeerError, match=r"ended with 4; its last lines:\n +no such file"):
            child.wait()


def test_memory_counts_children(tmp_path):
    program = (
        "import subprocess, sys, time\n"
        "child = 'x = bytearray(64 << 20); import time; time.sleep(3)'\n"
        "subprocess.run([sys.executable, '-c', child])"
    )
    with Child([sys.executable, "-c", program], tmp_path) as child:
        child.wait()
    assert 64 << 20 < child.peak_anonymous < 128 << 20
    assert child.peak_resident > child.peak_anonymous


def test_lines_and_figures_of_proc():
    assert split_lines(b"a\r  |=| 1/2\rb\n\nrest") == (["a", "  |=| 1/2", "b"], b"rest")
    assert status_bytes("VmRSS:\t    8 kB\nRssAnon:\t    3 kB\n", "RssAnon") == 3072
    assert status_bytes("State:\tZ (zombie)\n", "VmRSS") == 0
    assert stat_parent("7 (a) b (c) S 5 7 7 0") == 5


def test_the_first_step_is_not_the_step():
    # Launched at 10; 3 s of start, 2 s of encoding, steps of 1.5 s.
    start, step = split_stages(10.0, 2.0, [16.5, 18.0, 19.5])
    assert (start, step) == (3.0, 1.5)
    with pytest.raises(PeerError, match="1 steps, expected at least 2"):
        split_stages(0.0, 1.0, [3.0])


def test_zanime_lines():
    lines = [
        Line(1, "CLIPTextEncode (node text) done in 2.15 s"),
        Line(24, "KSampler (node sampler) step 1/2, 22.7 s"),
        Line(46, "KSampler (node sampler) step 2/2, 22.6 s"),
        Line(46, "KSampler (node sampler) done in 45.3 s"),
    ]
    assert zanime.read_lines(lines) == ({"CLIPTextEncode": 2.15, "KSampler": 45.3}, [24, 46])


def test_stable_diffusion_cpp_lines():
    lines = [
        Line(5, "[INFO ] a.cpp:1 - loading tensors completed, taking 4.00s (read: 1.00s)"),
        Line(6, "  |===| 3/3 - 1.00s/it"),  # not of the sampler
        Line(20, "loading tensors completed, taking 9.00s (read: 1.00s)"),
        Line(22, "get_learned_condition completed, taking 12.00s"),
        Line(30, "  |###| 7/7 - 200.00MB/s"),
        Line(90, "  |=> | 1/2 - 53.22s/it\x1b[K"),
        Line(140, "  |===| 2/2 - 50.00s/it\x1b[K"),
        Line(140, "sampling completed, taking 110.00s"),
        Line(150, "loading tensors completed, taking 1.00s (read: 1.00s)"),
        Line(160, "decode_first_stage completed, taking 15.00s"),
        Line(161, "  |===| 3/3 - 1.00s/it"),
    ]
    stages, step_ends = stable_diffusion_cpp.read_lines(lines)
    assert stages["get_learned_condition"] == 3 and stages["decode_first_stage"] == 14
    assert step_ends == [90, 140]


def test_comfyui_events():
    def executing(time, node):
        return comfyui.Event(time, "executing", {"node": node})

    def progress(time, node, value):
        return comfyui.Event(time, "progress", {"node": node, "value": value, "max": 2})

    events = [
        executing(1, "clip"),
        executing(3, "text"),
        progress(4, "text", 1),
        executing(10, "sampler"),
        progress(10, "sampler", 0),
        progress(60, "sampler", 1),
        progress(100, "sampler", 2),
        executing(101, "decode"),
        executing(106, None),
    ]
    seconds, step_ends = comfyui.read_events(events)
    assert seconds == {"clip": 2, "text": 7, "sampler": 91, "decode": 5}
    assert step_ends == [60, 100]


def test_png_and_psnr(tmp_path):
    for name, value in [("one", 100), ("two", 110)]:
        stand_ins.write_png(tmp_path / name, value)
    one, two = read_png(tmp_path / "one"), read_png(tmp_path / "two")
    assert one.pixels == bytes([100]) * (64 * 64 * 3)
    assert psnr(one, one) == math.inf
    assert psnr(one, two) == pytest.approx(20 * math.log10(25.5))
    (tmp_path / "text").write_text("text")
    with pytest.raises(PeerError, match="is no PNG file"):
        read_png(tmp_path / "text")


@pytest.mark.parametrize("name", ["rgb.png", "rgba.png", "turned.png"])
def test_png_as_another_reader_reads_it(name):
    path = Path(__file__).parents[1] / "golden" / "pictures" / name
    with PIL.Image.open(path) as expected:
        assert read_png(path) == (*expected.size, expected.convert("RGB").tobytes())


@pytest.mark.parametrize("name", ["rgb-16bit.png", "palette.png"])
def test_other_png_is_refused(name):
    with pytest.raises(PeerError, match="expected an 8-bit RGB picture"):
        read_png(Path(__file__).parents[1] / "golden" / "pictures" / name)


def test_table():
    def measured(factor: float) -> Measurement:
        gib = int(factor * 2**30)
        times = [factor * value for value in (0.5, 2, 20, 4, 100)]
        return Measurement("1", *times, gib, 2 * gib, Path("p"))

    request = Request(Path("m"), "m", "t", "v", "p", 256, 3, 1, 2)
    lines = table(
        request,
        [
            Result("zanime", measured(1), None, None),
            Result("other", measured(3), 41.27, None),
            Result("third", None, None, "gone"),
        ],
    ).splitlines()
    assert lines[0] == "| 256 x 256, 3 steps | zanime 1 | other 1 | ratio | third | ratio |"
    assert lines[4] == "| one step | 20.00 s | 60.00 s | 3.00 | failed | - |"
    assert lines[6] == "| launch to picture | 100.0 s | 300.0 s | 3.00 | failed | - |"
    assert lines[8].endswith("| 2.00 GiB | 6.00 GiB | 3.00 | failed | - |")
    assert lines[9] == "| its picture beside zanime's, PSNR | - | 41.3 dB |  | - |  |"
    assert len({line.count("|") for line in lines}) == 1


def test_the_request_is_a_graph_that_both_take():
    request = Request(Path("m"), "m", "t", "v", "a cat", 256, 3, 42, 2)
    graph = request.workflow()
    for node in graph.values():
        for value in node["inputs"].values():
            if isinstance(value, list):
                assert value[0] in graph
    assert {node["class_type"] for node in graph.values()} == {
        *("UNETLoader", "CLIPLoader", "VAELoader", "ModelSamplingAuraFlow", "CLIPTextEncode"),
        *("EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage"),
    }
