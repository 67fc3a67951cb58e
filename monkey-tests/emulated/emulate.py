#!/usr/bin/env python3
"""Runs the macOS engine's own code in an emulator, against a model of the kernel's calls.

    emulate.py LIBRARY..       every case on each library (libemulated.dylib, of either architecture)
    emulate.py --mutate LIBRARY..    every case with each argument of each call changed in turn: some case has to notice
    --only WORDS               only cases whose names have these words
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import program as file
from cases import CASES, Case, Process
from machine import Machine, Mutation
from memory import Failure
from mutations import MUTATIONS
from processor import ARCHITECTURES, Architecture


def run(architecture: Architecture, program: file.Program, case: Case, mutation: Mutation | None = None) -> str | None:
    """What went wrong in a case."""
    try:
        process = Process(Machine(architecture, program, case.environment, mutation))
        case.run(process)
        process.check_end()
    except Failure as failure:
        return str(failure)
    return None


def run_all(architecture: Architecture, program: file.Program, cases: list[Case]) -> int:
    wrong = 0
    for case in cases:
        begun = time.monotonic()
        failure = run(architecture, program, case)
        wrong += failure is not None
        state = "ok" if failure is None else f"FAILED: {failure}"
        print(f"{architecture.name}: {case.name} ({time.monotonic() - begun:.1f} s): {state}", flush=True)
    return wrong


def mutate(architecture: Architecture, program: file.Program, cases: list[Case]) -> int:
    """How many changed arguments nobody notices."""
    missed = 0
    for name, mutation in MUTATIONS.items():
        noticed = next((case.name for case in cases if unsound(architecture, program, case, mutation)), None)
        missed += noticed is None
        print(f"{architecture.name}: {name}: {'NOT NOTICED' if noticed is None else f'noticed by: {noticed}'}", flush=True)
    return missed


def unsound(architecture: Architecture, program: file.Program, case: Case, mutation: Mutation) -> bool:
    try:
        return run(architecture, program, case, mutation) is not None
    except Exception:  # the model itself cannot go on
        return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="+", type=Path)
    parser.add_argument("--mutate", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    cases = [case for case in CASES if arguments.only in case.name]
    wrong = 0
    for path in arguments.libraries:
        program = file.read(path)
        architecture = ARCHITECTURES[program.architecture]
        wrong += (mutate if arguments.mutate else run_all)(architecture, program, cases)
    print("all is as it should be" if wrong == 0 else f"{wrong} wrong")
    return int(wrong != 0)


if __name__ == "__main__":
    sys.exit(main())
