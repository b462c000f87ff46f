"""Small models for birds, photographs of noise, and a small CUB-200-2011."""

import torch
from PIL import Image, ImageColor, ImageDraw

from stn_core import create_model

SMALL = {"backbone": "test_efficientnet", "classes": 7}  # timm's smallest, without weights


def new(name, **options):
    torch.manual_seed(0)
    return create_model(name, "cub50", **{**SMALL, **options}).eval()


def photographs(count=2, seed=0):
    return torch.rand(count, 3, 448, 448, generator=torch.Generator().manual_seed(seed))


def make_cub(folder, species):
    """A folder as CUB_200_2011 is, with so many species of coloured ovals: each with a head of
    another colour."""
    parts = ("back", "beak", "belly", "crown", "left eye", "throat")
    tables = {
        name: []
        for name in (
            "images",
            "image_class_labels",
            "train_test_split",
            "bounding_boxes",
            "classes",
            "parts/part_locs",
        )
    }
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "parts.txt").write_text(
        "".join(f"{i} {name}\n" for i, name in enumerate(parts, 1))
    )
    image = 0
    for label in range(1, species + 1):
        name = f"{label:03}.Kind_of_{label}"
        tables["classes"].append(f"{label} {name}")
        (folder / "images" / name).mkdir(parents=True)
        for number in range(2 + (label <= 60) + (label <= 30)):
            image += 1
            width, height = 64 + 8 * number, 48
            x, y = 10 + 7 * (label % 5), 8 + number  # the head
            picture = Image.new("RGB", (width, height), (90, 140, 90))
            body, head = (
                ImageColor.getrgb(f"hsl({hue % 360}, 80%, 50%)")
                for hue in (47 * label, 101 * label)
            )
            draw = ImageDraw.Draw(picture)
            draw.ellipse([x + 2, y + 2, x + 26, y + 20], fill=body)
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], fill=head)
            file = f"{name}/{number}.jpg"
            (picture.convert("L") if number == 3 else picture).save(
                folder / "images" / file, quality=90
            )
            tables["images"].append(f"{image} {file}")
            tables["image_class_labels"].append(f"{image} {label}")
            tables["train_test_split"].append(f"{image} {int(number != 2)}")
            tables["bounding_boxes"].append(
                f"{image} {x - 5}.0 {y - 5}.0 {width if number == 0 else 31}.0 25.0"
            )
            places = [
                (x + 14, y + 4),
                (x - 4, y),
                (x + 14, y + 18),
                (x, y - 4),
                (x - 1, y),
                (x, y + 4),
            ]
            for part, (left, top) in enumerate(places, 1):
                visible = int((part, number) != (3, 1))
                tables["parts/part_locs"].append(
                    f"{image} {part} {left * visible}.0 {top * visible}.0 {visible}"
                )
    for table, rows in tables.items():
        (folder / f"{table}.txt").write_text("".join(f"{row}\n" for row in rows))
