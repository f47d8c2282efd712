"""A folder of pictures of any kinds that the function takes, with its subfolders."""

from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def list_pictures(root: Path, limit: int | None = None) -> list[Path]:
    """The pictures in a fixed order; of more than `limit` that many, spread over the whole list."""
    if not root.is_dir():
        raise SystemExit(f"{root}: no such folder")
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"{root}: no pictures")
    if limit is None or limit >= len(paths):
        return paths
    # Spread over the list, so that every label's folder is represented.
    return [paths[index * len(paths) // limit] for index in range(limit)]
