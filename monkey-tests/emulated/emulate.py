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
from dataclasses import dataclass
from pathlib import Path

import program as file
from cases import CASES, Case, Process
from machine import Machine, Mutation
from memory import Failure
from mutations import MUTATIONS
from processor import ARCHITECTURES, Architecture


@dataclass(frozen=True)
class Outcome:
    """What went wrong in a case, which of the kernel's calls it made, and how long it took."""

    failure: str | None
    calls: frozenset[str]
    seconds: float


def run(architecture: Architecture, program: file.Program, case: Case, mutation: Mutation | None = None) -> Outcome:
    begun = time.monotonic()
    machine, failure = None, None
    try:
        machine = Machine(architecture, program, case.environment, mutation)
        process = Process(machine)
        case.run(process)
        process.check_end()
    except Failure as failed:
        failure = str(failed)
    calls = frozenset(name for name, _ in machine.calls) if machine else frozenset()
    return Outcome(failure, calls, time.monotonic() - begun)


def run_all(architecture: Architecture, program: file.Program, cases: list[Case]) -> int:
    wrong = 0
    for case in cases:
        outcome = run(architecture, program, case)
        wrong += outcome.failure is not None
        state = "ok" if outcome.failure is None else f"FAILED: {outcome.failure}"
        print(f"{architecture.name}: {case.name} ({outcome.seconds:.1f} s): {state}", flush=True)
    return wrong


def mutate(architecture: Architecture, program: file.Program, cases: list[Case]) -> int:
    """How many changed arguments nobody notices. The quickest of the cases that make the call in question are asked first."""
    outcomes = [(case, run(architecture, program, case)) for case in cases]
    missed = 0
    for case, outcome in outcomes:
        missed += outcome.failure is not None
        if outcome.failure is not None:
            print(f"{architecture.name}: {case.name}: FAILED unchanged: {outcome.failure}", flush=True)
    outcomes.sort(key=lambda asked: asked[1].seconds)
    for name, mutation in MUTATIONS.items():
        asked = [case for case, outcome in outcomes if mutation[0] in outcome.calls]
        noticed = next((case.name for case in asked if unsound(architecture, program, case, mutation)), None)
        missed += noticed is None
        print(f"{architecture.name}: {name}: {'NOT NOTICED' if noticed is None else f'noticed by: {noticed}'}", flush=True)
    return missed


def unsound(architecture: Architecture, program: file.Program, case: Case, mutation: Mutation) -> bool:
    try:
        return run(architecture, program, case, mutation).failure is not None
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
