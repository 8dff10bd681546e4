"""Samplers and schedules by the names of AUTOMATIC1111's web UI, and by the engine's own."""

import zanime

# Where the two differ by more than case.
_SAMPLERS = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
    "lcm": "LCM",
}
_SCHEDULERS = {
    "simple": "Simple",
    "sgm_uniform": "SGM Uniform",
    "karras": "Karras",
    "exponential": "Exponential",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "normal": "Normal",
    "kl_optimal": "KL Optimal",
}


def samplers() -> list[tuple[str, str]]:
    """(shown, the engine's name)"""
    return [(_SAMPLERS.get(name, name), name) for name in zanime.samplers()]


def schedulers() -> list[tuple[str, str]]:
    return [(_SCHEDULERS.get(name, name), name) for name in zanime.schedulers()]


def sampler_and_scheduler(sampler: str, scheduler: str) -> tuple[str | None, str | None]:
    """The engine's names. None: not said, or left to the server. A name that is unknown comes back
    as it is, for the engine to say so. `DPM++ 2M Karras` names both."""
    known = _by_any_name(samplers())
    schedules = _by_any_name(schedulers())
    wanted = sampler.strip().lower()
    head, _, tail = wanted.rpartition(" ")
    if wanted not in known and head in known and tail in schedules:
        wanted, scheduler = head, scheduler if _said(scheduler) else tail
    named = schedules.get(scheduler.strip().lower(), scheduler.strip())
    return known.get(wanted, sampler.strip()) or None, named if _said(scheduler) else None


def _said(scheduler: str) -> bool:
    return scheduler.strip().lower() not in ("", "automatic")


def _by_any_name(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {alias.lower(): name for shown, name in pairs for alias in (shown, name)}
