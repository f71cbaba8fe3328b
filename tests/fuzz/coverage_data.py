# SPDX-License-Identifier: GPL-2.0-only
"""What goro.ko of build/src-uml-gcov counted of its lines and branches: .gcda files of a guest, read by gcov."""
import collections
import json
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SRC = os.path.join(TOP, "build/src-uml-gcov")


def read(directory, part):
    """{file: {line: [count, [branch counts]]}}; a line of a header counts for each file that includes it once."""
    files = collections.defaultdict(dict)
    for name in sorted(os.listdir(os.path.join(directory, part))):
        if not name.endswith(".gcda"):
            continue
        stem = name[:-5]
        note = os.path.join(directory, part, stem + ".gcno")
        with open(os.path.join(SRC, "kmod", part, stem + ".gcno"), "rb") as f, open(note, "wb") as g:
            g.write(f.read())
        out = subprocess.run(["gcov", "-b", "--json-format", "--stdout", name],
                             cwd=os.path.join(directory, part), check=True, capture_output=True).stdout
        for f in json.loads(out)["files"]:
            path = os.path.relpath(os.path.join(SRC, f["file"]), SRC)
            if path.startswith("kmod/" + part + "/"):
                add(files[path[5:]], f["lines"])
    return files


def add(lines, new):
    for line in new:
        branches = [b["count"] for b in line["branches"]]
        old = lines.setdefault(line["line_number"], [0, []])
        old[0] += line["count"]
        # several instances of a line (inlined, in several files): branch by branch where they are alike
        if len(old[1]) == len(branches):
            old[1] = [a + b for a, b in zip(old[1], branches)]
        elif len(old[1]) < len(branches):
            old[1] = branches
