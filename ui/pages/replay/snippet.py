"""The program of the replay."""

from collections.abc import Mapping, Sequence

from ui.components.take_home.program import program


def snippet(paths: Mapping[str, str], step: int, digits: Sequence[int]) -> str:
    """``paths`` has, for each recording's name, Python for its path."""
    listed = "\n".join(f"    {name!r}: {path}," for name, path in paths.items())
    code = f"""
paths = {{
{listed}
}}
chosen = slice({digits[0]}, {digits[-1] + 1})  # of the 64 digits
found = {{}}
for name, path in paths.items():
    recording = load_recording(path)
    moment = int((recording.steps <= {step}).sum().clamp_min(1)) - 1  # the last up to step {step}
    images, theta = recording.images[chosen], None
    if recording.theta is not None:
        theta = recording.theta[moment, chosen].float()
        images = sample(images, recording.transform.grid(theta, recording.output_size))
    answers = recording.logits[moment, chosen].float().softmax(1)
    wrong, misalignment = int(recording.wrong[moment]), recording.misalignment[moment].item()
    print(name, "step", int(recording.steps[moment]), "wrong", wrong, "of 64")
    print("misalignment", misalignment)
    found[name] = theta, images, answers, wrong, misalignment"""
    imports = [
        "from stn_core import sample",
        "from stn_core.training.recording import load_recording",
    ]
    return program(imports, code)
