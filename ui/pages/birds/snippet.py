"""The program of the birds page."""

from collections.abc import Mapping

from torch import Tensor

from ui.components.take_home.program import numbers, program


def snippet(source: str, models: Mapping[str, Tensor | None]) -> str:
    """What the experiments ``models`` answer to a photograph, with their windows at thetas (N, P)
    where these are given; ``source`` is Python for the photograph's bytes."""
    imports = [
        "import torch",
        "from stn_core import load_checkpoint",
        "from stn_core.data.uploads import read_photograph",
    ]
    imports += ["from pathlib import Path"] if "Path(" in source else []
    imports += ["from stn_core.data.cub import cub"] if "cub(" in source else []
    answers = [f"image = read_photograph({source}, 448)[None]  # (1, 3, 448, 448)"]
    for name, thetas in models.items():
        by_hand = ""
        if thetas is not None:
            by_hand = f", torch.tensor([[{', '.join(map(numbers, thetas.tolist()))}]])"
        answers.append(f"""
checkpoint = load_checkpoint({name!r})
with torch.inference_mode():
    answer = checkpoint.model.explain(image{by_hand})
probabilities, species = answer.logits.softmax(1)[0].topk(5)
names = [checkpoint.experiment.classes[i] for i in species.tolist()]
print({name!r}, list(zip(names, probabilities.tolist())))
for theta, grid, crop in answer.transformers:
    print("theta", theta[0].tolist())""")
    return program(imports, *answers)
