"""Schemathesis against a running sandbox and the document that it serves: what is promised is what is done."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.inorder.sandboxes import ROOT, far

SETTINGS = """
hooks = "tests.inorder.sandbox.whole_numbers"

[auth.openapi]
apiKey = { api_key = "good-key" }
readback = { bearer = "good-token" }

# 413 refuses what has too many elements, too.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 413, 415, 429]
"""
EXAMPLES = os.environ.get("INORDER_SCHEMATHESIS_EXAMPLES", "20")


def test_the_sandbox_does_what_its_document_says(tmp_path: Path) -> None:
    """No status, body or content type that is not in it, no 5xx, nothing valid refused, nothing invalid taken."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    environment = {"INORDER_API_KEY": "good-key", "INORDER_READBACK_TOKEN": "good-token"}
    with far(tmp_path, environment, flush_ms=1) as sandbox:
        command = ["--config-file", "schemathesis.toml", "run", f"http://127.0.0.1:{sandbox.port}/openapi.json"]
        options = ["--checks", "all", "--seed", "1", "--max-examples", EXAMPLES, "--continue-on-failure"]
        ended = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command, *options, "--generation-database", "none", "--no-color"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "18 selected / 18 total" in ended.stdout
        assert "WARNINGS" not in ended.stdout
        tried = re.search(r"(\d+) generated, (\d+) passed", ended.stdout)
        assert tried is not None
        assert int(tried[2]) > 1000
        assert sandbox.end() == (0, "")
