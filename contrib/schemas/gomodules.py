"""Go modules as sources of facts: fetched by the go command, by version and by digest as go.sum has it."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile


def digest_of(archive):
    """The digest of a module's zip file, as in go.sum."""
    lines = "".join("%s  %s\n" % (hashlib.sha256(archive.read(name)).hexdigest(), name) for name in sorted(archive.namelist()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def ask_go(path, version):
    try:
        out = subprocess.run(["go", "mod", "download", "-json", path + "@" + version], capture_output=True, check=False,
                             cwd="/", env=dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local"))
    except FileNotFoundError:
        sys.exit("the go command is missing ('make deps-schemas' installs it)")
    try:
        return json.loads(out.stdout)
    except ValueError:
        sys.exit("go mod download %s: %s" % (path, out.stderr.decode(errors="replace").strip()))


def fetch(modules, work, wanted):
    """[(module, version, digest)] -> {module: where it is, below the folder work}. Of its files those are there whose path in the module
    the function `wanted` takes. Ends the program when a module is not what it should be. One that needs a newer go to be built is as
    good: nothing of it is built."""
    folders = {}
    for path, version, digest in modules:
        told = ask_go(path, version)
        if "Zip" not in told:
            sys.exit("%s %s: %s" % (path, version, told.get("Error", "it was not fetched")))
        with zipfile.ZipFile(told["Zip"]) as archive:
            found = digest_of(archive)
            if found != digest:
                sys.exit("%s %s: its digest is %s, not %s" % (path, version, found, digest))
            root = path + "@" + version + "/"
            archive.extractall(work, [name for name in archive.namelist() if wanted(name[len(root):])])
        folders[path] = os.path.join(work, root)
    return folders
