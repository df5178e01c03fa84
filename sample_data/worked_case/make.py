"""Make the worked case anew: the demonstration from claim to sealed package, kept here with its seal string.

`make worked-case` runs it. What it keeps is held against a fresh run by tests/test_worked_case.py.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from verikit.workflow.demo import run_demo

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Write worked_case.zip and SEAL.txt beside this file."""
    with tempfile.TemporaryDirectory() as aside:
        demo = run_demo(Path(aside) / "made", progress=lambda told: print(told, file=sys.stderr))
        if not demo.verification.ok:
            print(demo.verification, file=sys.stderr)
            return 1
        shutil.copyfile(demo.seal.package, HERE / "worked_case.zip")
    (HERE / "SEAL.txt").write_text(demo.seal.seal + "\n", encoding="utf-8", newline="\n")
    print(demo.seal.seal)
    return 0


if __name__ == "__main__":
    sys.exit(main())
