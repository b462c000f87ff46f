"""Several training seeds of one experiment: where their checkpoints lie, and their errors."""

import json
import statistics
from pathlib import Path
from typing import Any, NamedTuple

from stn_core.experiments.checkpoints import load_checkpoint
from stn_core.experiments.registry import EXPERIMENTS
from stn_core.files import visible, write_file
from stn_core.places import ASSETS

FOLDER = "seeds"
PLACE = ASSETS / "seeds.json"
COMMAND = "python -m stn_core seeds --out FOLDER"
LARGEST_SEED = 2**31 - 1


def parse_seeds(text: str) -> list[int]:
    """The training seeds of a list such as "0,1,2". ValueError for another one."""
    words = [word.strip() for word in text.split(",")]
    if not all(w.isdecimal() and len(w) <= 10 and int(w) <= LARGEST_SEED for w in words):
        raise ValueError(
            f"training seeds are whole numbers up to {LARGEST_SEED} with commas between them, such "
            f"as 0,1,2; got {text[:80]!r}"
        )
    return list(dict.fromkeys(map(int, words)))


def seed_folder(base: Path, seed: int) -> Path:
    """Where the files of a training seed lie: those of seed 0 in the folder itself."""
    return base / FOLDER / str(seed) if seed else base


class SeedErrors(NamedTuple):
    """What each training seed of an experiment came to, in the order of the seeds.

    The error that chooses is the validation error, so ``best`` says nothing about the test digits.
    """

    seeds: tuple[int, ...]
    validation_errors: tuple[float, ...]  # in per cent
    test_errors: tuple[float, ...]  # in per cent, of the test seed in the checkpoints' headers
    devices: tuple[str, ...]
    samples: tuple[int, ...]  # training digits seen

    @property
    def best(self) -> int:
        """The seed with the smallest validation error, the first of them if there are several."""
        return self.seeds[self.validation_errors.index(min(self.validation_errors))]

    @property
    def mean(self) -> float:
        """Of the test errors, in per cent."""
        return statistics.fmean(self.test_errors)

    @property
    def deviation(self) -> float:
        """The standard deviation of test errors over trainings, in points; 0 for a single one."""
        return statistics.stdev(self.test_errors) if len(self.seeds) > 1 else 0.0


def collect_seeds(out: Path, to: Path, ship: Path | None = None) -> dict[str, SeedErrors]:
    """Read the digit checkpoints of all training seeds below ``out``, copy the best of each
    experiment to the folder ``ship``, and write what they came to into the file ``to``.

    Experiments without a checkpoint below ``out`` keep their row in ``to``; the others are
    returned. CheckpointError for a file that is none; ValueError if there are none, if one is of
    another seed than its folder says, or if ``to`` is there and no such table.
    """
    if ship is not None and ship.resolve() == out.resolve():
        raise ValueError(
            f"{ship} holds the checkpoints of seed 0: the best ones need another folder"
        )
    numbers = sorted(
        int(folder.name) for folder in (out / FOLDER).glob("*") if folder.name.isdecimal()
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for seed in dict.fromkeys((0, *numbers)):
        for path in visible(seed_folder(out, seed), "digits/*.safetensors"):
            checkpoint = load_checkpoint(path)
            metrics, about = checkpoint.metrics, checkpoint.provenance
            try:
                row = (
                    seed,
                    metrics["validation_error"],
                    metrics["test_error"],
                    about["device"],
                    about["samples"],
                )
            except KeyError as error:
                raise ValueError(
                    f"{path} does not say its {error.args[0]}: train it anew"
                ) from error
            if about.get("seed") != seed:
                raise ValueError(
                    f"{path} was trained with the seed {about.get('seed')}, but lies where those "
                    f"of {seed} belong"
                )
            found.setdefault(checkpoint.experiment.name, []).append(row)
    if not found:
        raise ValueError(
            f"no digit checkpoints below {out}: make some with python -m stn_core train --all "
            "--seeds 0,1,2"
        )
    table = {name: SeedErrors(*zip(*rows, strict=True)) for name, rows in found.items()}
    rows = (read_seeds(to) if to.is_file() else {}) | table
    for name, errors in table.items() if ship else ():
        target = (ship or out) / EXPERIMENTS[name].path
        best = seed_folder(out, errors.best) / EXPERIMENTS[name].path
        write_file(target, best.read_bytes())
    # last: the table says what is shipped
    write_file(
        to, json.dumps({name: errors._asdict() for name, errors in rows.items()}, indent=1) + "\n"
    )
    return table


def read_seeds(path: Path) -> dict[str, SeedErrors]:
    """What ``collect_seeds`` wrote, by experiment. ValueError, in one sentence, for a file that is
    not such a one."""
    try:
        read = json.loads(path.read_text("utf-8"))
        table = {
            name: SeedErrors(**{key: tuple(values) for key, values in row.items()})
            for name, row in read.items()
        }
        whole = [number for row in table.values() for number in (*row.seeds, *row.samples)]
        shares = [
            error for row in table.values() for error in (*row.validation_errors, *row.test_errors)
        ]
        sound = table.keys() <= EXPERIMENTS.keys() and all(
            type(number) is int and number >= 0 for number in whole
        )
        sound &= all(type(error) in (int, float) and 0 <= error <= 100 for error in shares)
        sound &= all(row.seeds and len(set(map(len, row))) == 1 for row in table.values())
        sound &= all(type(device) is str for row in table.values() for device in row.devices)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} can't be read as a table of training seeds. Make a good one with: {COMMAND}"
        ) from error
    if not sound:
        raise ValueError(
            f"{path} holds what no table of training seeds can. Make a good one with: {COMMAND}"
        )
    return table
