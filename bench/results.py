"""Where measured figures go."""
import json
import os


def write_json(path, result):
    """Whole or not at all, so that a run which writes again and again leaves its last state wherever it is stopped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    os.replace(partial, path)
