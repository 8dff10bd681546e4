"""How threads of a parallel loop wait for one another: importing this loads the engine that way.

OpenMP's threads spin while they wait, and so keep a core from the very thread they wait for
wherever another program is busy. OpenMP reads its variables once, when it is loaded; they are set
for that moment only, so that no other program inherits them.
"""

import importlib
import os


def load_engine() -> None:
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        importlib.import_module("zanime._native")
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        importlib.import_module("zanime._native")
    finally:
        del os.environ["OMP_WAIT_POLICY"]


load_engine()
