"""A fuzz target: the decoder of bodies, guided by coverage. `make fuzz SECONDS=60` runs it; a crash leaves its input.

Run by hand: `python tests/fuzz/decoder.py CORPUS -max_total_time=60`. The first byte of an input chooses the call.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["inorder.events", "inorder.nesting"]):
    from tests.fuzz.properties import NAMES, check
    from tests.fuzz.seeds import SEEDS


def one_input(data: bytes) -> None:
    """Check one input."""
    if data:
        check(NAMES[data[0] % len(NAMES)], data[1:])


def main() -> None:
    """Fuzz until the time is over; new inputs of the corpus go into its folder, which begins with the seeds."""
    folder = next((Path(one) for one in sys.argv[1:] if not one.startswith("-")), None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (call, body) in enumerate(SEEDS):
            (folder / f"seed-{number}").write_bytes(bytes([NAMES.index(call)]) + body)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
