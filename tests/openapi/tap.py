#!/usr/bin/env python3
"""What schemathesis found, as TAP.

    tap.py OPENAPI RUN...

RUN.xml is a JUnit report, RUN.out what was said. Each operation of the page has to be in one of them.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree

page, *runs = sys.argv[1:]
n = 0
seen = set()
bad = False


def point(well, name, text=""):
    global n, bad
    n += 1
    bad = bad or not well
    print(f"{'ok' if well else 'not ok'} {n} - {name}")
    for line in text.splitlines()[:60]:
        print(f"# {line}")


for run in runs:
    name = pathlib.Path(run).name
    report = pathlib.Path(run + ".xml")
    try:
        cases = list(tree.parse(report).iter("testcase"))
    except (OSError, tree.ParseError):
        cases = []
    if not cases:
        point(False, f"{name}: no report", pathlib.Path(run + ".out").read_text()[-4000:])
    for case in cases:
        faults = [*case.findall("failure"), *case.findall("error")]
        seen.add(case.get("name"))
        point(not faults and case.find("skipped") is None, f"{name}: {case.get('name')}",
              "\n".join(f"{fault.get('message')}\n{fault.text}" for fault in faults))

# The page is YAML of one shape: paths at two spaces, methods at four.
path = None
for line in pathlib.Path(page).read_text().splitlines():
    if match := re.fullmatch(r"  (/\S*):", line):
        path = match[1]
    elif re.fullmatch(r"\S+:.*", line):
        path = None
    elif (match := re.fullmatch(r"    (get|head|post|put|delete):", line)) and path:
        if f"{match[1].upper()} {path}" not in seen:
            point(False, f"{match[1].upper()} {path} was not asked")
print(f"1..{n}")
sys.exit(bad)
