"""The server's application as a deployment of Ray Serve: `serve run zanime.cluster:app`.

One replica a device, more of them the more requests are under way. A replica has a line of its own,
which says 429 when it is full; Ray Serve sends each request to the replica with the fewest. Jobs,
gallery and page are left out: they would be another replica's at the next request.

ZANIME_TOKEN has to be set, and ZANIME_SERVE_OPTIONS may hold options of `zanime serve`.
"""

import os
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path

from ray import serve

from zanime.serve import OptionsError, create_app
from zanime.serve.application import Application
from zanime.serve.options import read_options

# Requests that one replica may have under way or in its own line. What is beyond waits in Ray's
# proxy, as far as the other replicas are as full.
_MOST_REQUESTS = 64


def _application() -> Application:
    """Made on the replica. Raises OptionsError."""
    options = read_options(shlex.split(os.environ.get("ZANIME_SERVE_OPTIONS", "")))
    if not options.tokens:
        raise OptionsError("A cluster is reached from other machines: set ZANIME_TOKEN.")
    # Of this replica alone, and gone with it: what it does not answer, its client asks again.
    data = Path(tempfile.mkdtemp(prefix="zanime-replica-"))
    line = min(options.longest_line, _MOST_REQUESTS // 2)
    return create_app(replace(options, data=data, page=False, lasting=False, longest_line=line))


@serve.deployment(
    name="zanime",
    max_ongoing_requests=_MOST_REQUESTS,
    max_queued_requests=_MOST_REQUESTS,
    backpressure_config={"status_code": 429, "retry_after_s": 5},
    autoscaling_config={
        "min_replicas": int(os.environ.get("ZANIME_MIN_REPLICAS", "1")),
        "max_replicas": int(os.environ.get("ZANIME_MAX_REPLICAS", "8")),
        "target_ongoing_requests": 2,
    },
    ray_actor_options={
        "num_cpus": float(os.environ.get("ZANIME_REPLICA_CPUS", "1")),
        "num_gpus": float(os.environ.get("ZANIME_REPLICA_GPUS", "0")),
    },
    health_check_period_s=10,
    health_check_timeout_s=30,
    graceful_shutdown_timeout_s=30,
)
@serve.ingress(_application)
class Zanime:
    pass


app = Zanime.bind()
