"""Commits whose folder t/ is known to the last byte: what a target that has one of them has to hold."""
import os
import random
import subprocess

from rig import Template, clean_environment

FOLDER = "t"
NAMES = ("a", "b", "c", "d/e", "d/f", "run")
EXECUTABLE = "run"


def file_value(text, executable=False):
    """What a place holds, as a text: of a file, of a link, or None of nothing."""
    return ("x:" if executable else "-:") + text


class Trees(Template):
    """`commits`, each upon the one before; `trees` has what each of them, by id, has in t/: name -> value. No two texts of one name are the
    same, but where a commit takes things back to what an earlier one had."""

    def __init__(self, folder, count=160):
        self.path = os.path.join(folder, "trees.git")
        subprocess.run(["git", "init", "-q", "--bare", self.path], check=True, env=clean_environment())
        rng, trees = random.Random(1), []
        for i in range(count):
            trees.append(self.next_tree(trees, i, rng))
        marks = os.path.join(folder, "tree-marks")
        subprocess.run(["git", "-C", self.path, "fast-import", "--quiet", f"--export-marks={marks}"], input=self.stream(trees), text=True,
                       check=True, env=clean_environment())
        ids = {int(line.split()[0][1:]): line.split()[1] for line in open(marks)}
        self.commits = [ids[i + 1] for i in range(count)]
        self.trees = {self.commits[i]: trees[i] for i in range(count)}

    @staticmethod
    def next_tree(trees, i, rng):
        if not trees:
            return {name: file_value(f"{name} of {i}\n", name == EXECUTABLE) for name in NAMES}
        choice = rng.random()
        if choice < 0.1:
            return dict(trees[-1])  # only what is elsewhere changes
        if choice < 0.2:
            return dict(rng.choice(trees))
        tree = dict(trees[-1])
        for name in rng.sample(NAMES, rng.randint(1, 3)):
            if choice < 0.35 and name != "a":
                tree.pop(name, None)
            else:
                tree[name] = file_value(f"{name} of {i}\n", name == EXECUTABLE)
        return tree

    @staticmethod
    def stream(trees):
        out = []
        for i, tree in enumerate(trees):
            out.append(f"commit refs/heads/main\nmark :{i + 1}\ncommitter A <a@example.org> {1700000000 + i} +0000\ndata 2\nm\n"
                       f"{f'from :{i}' if i else ''}\ndeleteall\nM 100644 inline elsewhere\ndata {len(str(i))}\n{i}")
            for name, value in tree.items():
                mode, text = ("100755" if value[0] == "x" else "100644"), value[2:]
                out.append(f"M {mode} inline {FOLDER}/{name}\ndata {len(text)}\n{text}")
        return "\n".join(out)
