"""Where windows lie that were sought with other settings, without training the streams.

    python -m benchmarks.windows cub50-2st-cnn --set search_scale=0.3 --seeds 0,1,2 [--test]
    python -m benchmarks.windows cub50-2st-cnn --species 40

The figures are those of the photographs that are held out for validation, on which settings are
chosen; with --test those of the official test photographs. With --species the search sees the first
so many species alone, and the figures are those of the test photographs of all others, of which it
has seen nothing. What the search starts from is computed once for each search_scale and kept below
--out.
"""

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.command import options_parser
from stn_core import EXPERIMENTS
from stn_core.data.cub import cub
from stn_core.evaluation.bird_metrics import HOLDS, ROLES, attention, bird_answers, describe_windows
from stn_core.experiments.recipes import BirdRecipe
from stn_core.experiments.registry import SPECIES
from stn_core.experiments.seeds import parse_seeds
from stn_core.models.birds import create_bird_model
from stn_core.training.bird_task import BirdTask


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("experiment", choices=("cub50-2st-cnn", "cub50-4st-cnn"))
    parser.add_argument("--set", action="append", default=[], help="a field of the recipe")
    parser.add_argument("--option", action="append", default=[], help="of the model")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--out", default="checkpoints")
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--species", type=int)
    options = parser.parse_args()
    experiment = EXPERIMENTS[options.experiment].changed(options.option)
    recipe = experiment.recipe("ours").changed([*options.set, "joint_epochs=0"])
    assert isinstance(recipe, BirdRecipe)
    seen = cub("train", None, SPECIES[experiment.data]).labels  # one species after the other
    limit = None if options.species is None else int((seen < options.species).sum())
    table = Table("seed", "window", *HOLDS, "nearer to body", *ROLES, "mirror", "overlap")
    for seed in parse_seeds(options.seeds):
        torch.manual_seed(seed)
        task = BirdTask(experiment, recipe, seed, out=options.out, limit=limit)
        model = create_bird_model(
            experiment.model, len(task.birds.classes), pretrained=True, **dict(experiment.options)
        )
        assert model.localisation
        task.search_windows(model, model.localisation)
        birds = task.test if options.test or limit else task.validation
        if limit:
            birds = birds.chosen(birds.labels >= options.species)
        answers, mirrored = (
            bird_answers(model, birds, only_look=True, mirrored=flip) for flip in (False, True)
        )
        about = describe_windows(birds, answers, mirrored)
        for i, look in enumerate(attention(birds, answers, model.scale)):
            shares = [f"{look[kind][0]:.0f}" for kind in (*HOLDS, "body")]
            shares += [f"{share:.0f}" for share in about["roles"][i].values()]
            pairs = (
                f"{pair} {share[0]:.0f}"
                for pair, share in about["overlap"].items()
                if pair.startswith(f"{i + 1}-")
            )
            row = [f"{about['mirror'][i]:.2f}", ", ".join(pairs)]
            table.add_row(str(seed), str(i + 1), *shares, *row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
