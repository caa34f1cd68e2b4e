"""DMN: decision tables and requirement graphs over FEEL.

Source: OMG, Decision Model and Notation 1.5; files of 1.1 to 1.5 are read.
"""

from lastmeter.decisions.analysis import Finding, analyse
from lastmeter.decisions.asking import InputInfo, graph, inputs_of, place
from lastmeter.decisions.errors import DecisionMissing, DecisionModelError
from lastmeter.decisions.examples import inputs_for
from lastmeter.decisions.model import DecisionInfo, Model, ModelDoubt, load
from lastmeter.decisions.trace import MatchedRule, Outcome, TableTrace

__all__ = [
    "DecisionInfo",
    "DecisionMissing",
    "DecisionModelError",
    "Finding",
    "InputInfo",
    "MatchedRule",
    "Model",
    "ModelDoubt",
    "Outcome",
    "TableTrace",
    "analyse",
    "graph",
    "inputs_for",
    "inputs_of",
    "load",
    "place",
]
