import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from zanime import GenerationParams, UsageError


def test_what_is_not_said_keeps_its_default():
    params = GenerationParams("1girl", seed=7)
    assert (params.prompt, params.seed, params.steps, params.cfg) == ("1girl", 7, 8, 1.0)
    assert (params.sampler, params.scheduler, params.width, params.strength) == (
        "euler",
        "simple",
        None,
        None,
    )
    assert params.loras == []


def test_numbers_may_come_from_numpy_and_paths_from_pathlib():
    params = GenerationParams(
        width=np.int64(128),
        cfg=np.float32(2.5),
        seed=np.uint64(2**64 - 1),
        init_image=Path("a.png"),
    )
    assert (params.width, params.cfg, params.seed) == (128, 2.5, 2**64 - 1)
    assert params.init_image == "a.png"


def test_seeds_have_64_bits():
    assert GenerationParams(seed=2**64 - 1).seed == 18446744073709551615
    for seed in (-1, 2**64, 10**400, 1.5, "7"):
        with pytest.raises(UsageError, match="seed is .* must be a whole number from 0 to 1844"):
            GenerationParams(seed=seed)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("member", ["cfg", "shift", "denoise", "strength", "width", "steps"])
def test_numbers_that_are_not_finite_are_refused_by_name(member, value):
    with pytest.raises(UsageError, match=f"{member} is "):
        GenerationParams(**{member: value, **({"init_image": "x"} if member == "strength" else {})})


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(UsageError) as caught:
        GenerationParams(width=100, steps=0, sampler="eular")
    text = str(caught.value)
    assert "3 problems" in text
    assert "the two nearest are 96 and 104" in text
    assert "steps is 0, but must be from 1 to 100" in text
    assert "did you mean" in text and "euler" in text
    assert isinstance(caught.value, ValueError) and caught.value.exit_code == 2


def test_a_misspelt_member_is_told():
    with pytest.raises(UsageError, match="did you mean"):
        GenerationParams(sampelr="euler")
    with pytest.raises(TypeError):
        GenerationParams("a", "b")


def test_prompts_are_text_of_some_length():
    assert len(GenerationParams("あ" * 20000).prompt) == 20000
    with pytest.raises(UsageError, match="has 100000 characters; the limit is 20000"):
        GenerationParams("a" * 100_000)
    with pytest.raises(UsageError, match="zero byte"):
        GenerationParams("a\0b")
    with pytest.raises(UsageError, match="surrogate"):
        GenerationParams("\ud800")
    assert GenerationParams("a\x07\x1b[31m\nb").prompt == "a\x07\x1b[31m\nb"


def test_values_without_meaning_are_refused():
    for value in (object(), b"bytes", {1, 2}, 3j):
        with pytest.raises((UsageError, TypeError)):
            GenerationParams(value)
    endless = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        GenerationParams(loras=endless)


def test_adapters_have_three_forms():
    params = GenerationParams(loras=["a", ("b", -0.5), {"name": "c", "strength": 2}])
    assert params.loras == [("a", 1.0), ("b", -0.5), ("c", 2.0)]
    with pytest.raises(UsageError, match="LoRA"):
        GenerationParams(loras=[("a", 101)])


def test_a_request_does_not_change_but_has_changed_copies():
    params = GenerationParams("1girl", seed=7)
    with pytest.raises(AttributeError):
        params.steps = 9
    other = params.replace(steps=9, seed=None)
    assert (other.prompt, other.steps, other.seed, params.steps) == ("1girl", 9, None, 8)
    with pytest.raises(UsageError):
        params.replace(steps=101)


def test_a_request_survives_dicts_pickles_and_its_own_representation():
    params = GenerationParams("it's “1girl”", seed=2**64 - 1, loras=[("a", 0.5)], cfg=1.1)
    for copy in (
        GenerationParams(**params.to_dict()),
        pickle.loads(pickle.dumps(params)),
        eval(repr(params), {"GenerationParams": GenerationParams}),
    ):
        assert copy == params
    assert params != params.replace(seed=0) and params != "something else"
