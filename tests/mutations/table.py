"""Faults put into the core on purpose. Each must turn one of its tests red, on its own."""

from __future__ import annotations

from dataclasses import dataclass

BUDGET = "calls/budget.py"
SENDING = "calls/sending.py"
DOOR = "calls/door.py"
CHOOSING = "pipeline/choosing.py"
ATTEMPTING = "pipeline/attempting.py"
ONE_PROBLEM = "tests/pipeline/test_one_problem.py"
CALLS = "tests/calls"


@dataclass(frozen=True, slots=True)
class Mutation:
    """In `file` (below src/its) the text `old`, which stands there once, becomes `new`; one of
    `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def mutation(name: str, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(name, file, old, new, tests)


MUTATIONS = (
    mutation(
        "a budget ignores its parent when it is asked whether there is room",
        BUDGET,
        "return self._fits(Amount()) and (self._parent is None or self._parent.holds())",
        "return self._fits(Amount())",
        CALLS,
    ),
    mutation(
        "a charge does not reach the parent",
        BUDGET,
        "            self._parent.charge(amount)",
        "            pass",
        CALLS,
    ),
    mutation(
        "a reservation is not given back when the parent refuses",
        BUDGET,
        "                self._release(bound)\n                raise",
        "                raise",
        CALLS,
    ),
    mutation(
        "a failed attempt is not charged to the budget",
        SENDING,
        "        call.budget.charge(amount_of(usage))\n",
        "",
        ONE_PROBLEM,
    ),
    mutation(
        "an attempt is repeated although the budget is gone",
        SENDING,
        "if not call.budget.holds():",
        "if False:",
        ONE_PROBLEM,
    ),
    mutation(
        "one unknown count makes all of a sum unknown",
        "usage.py",
        "    return result\n",
        "    return result if result.usd is not None else Usage(usd=None, prompt_tokens=None)\n",
        "tests/calls/test_usage.py",
    ),
    mutation(
        "a deadline's decision is not repeated on resume",
        DOOR,
        "if account.decisions and self._deadline_name(labels) in account.decisions:",
        "if False:",
        CALLS,
    ),
    mutation(
        "a seed ignores the stage",
        DOOR,
        "{self.account.problem.hex()}/{self.stage}/{label}",
        "{self.account.problem.hex()}/{label}",
        ONE_PROBLEM,
    ),
    mutation(
        "the spending of earlier windows is forgotten",
        "allocation/shared_budget.py",
        "        self._spent_before = self._measure(self.budget.spent)\n",
        "        self._spent_before = 0.0\n",
        ONE_PROBLEM,
    ),
    mutation(
        "a recorded window is not charged",
        "runs/windows.py",
        "            self._shared.budget.charge(spent)",
        "            pass",
        ONE_PROBLEM,
    ),
    mutation(
        "guesses vote beside stated answers",
        "candidates.py",
        "None if stated and guess else number",
        "number",
        ONE_PROBLEM,
    ),
    mutation(
        "a rejected answer stays eligible",
        CHOOSING,
        "if number != rejected]",
        "if True]",
        ONE_PROBLEM,
    ),
    mutation(
        "candidates are scored after an early stop",
        CHOOSING,
        "if plan.reward is None or stopped or not unscored:",
        "if plan.reward is None or not unscored:",
        ONE_PROBLEM,
    ),
    mutation(
        "a cascade always escalates",
        ATTEMPTING,
        "(selection.confidence or 0) >= level.threshold:",
        "(selection.confidence or 0) > 1:",
        ONE_PROBLEM,
    ),
    mutation(
        "a cascade drops the candidates of the smaller model",
        ATTEMPTING,
        "self.choosing.candidates = below + self.candidates",
        "self.choosing.candidates = self.candidates",
        ONE_PROBLEM,
    ),
    mutation(
        "a failed particle is not marked dead",
        "strategies/particle_filter.py",
        'if node.status == "failed" or (state.ending',
        "if (state.ending",
        "tests/strategies/test_particles.py",
    ),
    mutation(
        "a cancelled call is missing in the ledger",
        SENDING,
        '        _charge(context, call, usage, "cancelled")\n',
        "",
        ONE_PROBLEM,
    ),
    mutation(
        "tokens per minute are not given back",
        SENDING,
        "client.tokens_per_minute.give_back(call.bound.tokens - (usage.tokens or 0))",
        "pass",
        ONE_PROBLEM,
    ),
    mutation(
        "shares are rounded down",
        "calls/replies.py",
        "-(-value // parts)",
        "value // parts",
        CALLS,
    ),
    mutation(
        "scoring is not held back",
        "allocation/plan.py",
        "if generating + choosing(candidates_from(generating)) <= free:",
        "if generating <= free:",
        ONE_PROBLEM,
    ),
    # Found by looking for more of the same kind.
    mutation(
        "a cap is exceeded by one completion",
        BUDGET,
        "amount.completions <= self.completions)",
        "amount.completions <= self.completions + 1)",
        CALLS,
    ),
    mutation(
        "what is reserved does not count",
        BUDGET,
        "return self.cap.holds(self.spent, self._reserved, bound)",
        "return self.cap.holds(self.spent, bound)",
        CALLS,
    ),
    mutation(
        "a later call overtakes one that waits",
        BUDGET,
        "if not self._waiting and self._fits(bound):",
        "if self._fits(bound):",
        CALLS,
    ),
    mutation(
        "a budget is charged the bound and not the cost",
        BUDGET,
        "        self.spent = self.spent + actual\n",
        "        self.spent = self.spent + bound\n",
        CALLS,
    ),
    mutation(
        "a replayed call does not charge the budget",
        DOOR,
        "            actual = amount_of(reply.usage)",
        "            actual = amount_of(reply.usage) if held is None else Amount()",
        CALLS,
    ),
    mutation(
        "a call is served from the journal though its content differs",
        "calls/account.py",
        "return found if found is not None and found[0].identity == identity else None",
        "return found",
        CALLS,
    ),
    mutation(
        "a group that is refused for good is not asked one by one",
        DOOR,
        "if not isinstance(failure, PermanentCallError) or len(labels) == 1:",
        "if True:",
        CALLS,
    ),
    mutation(
        "cached tokens are paid in full",
        "calls/client.py",
        "fresh * self.input + cached * cached_price",
        "(fresh + cached) * self.input",
        CALLS,
    ),
    mutation(
        "an unknown price is nothing",
        "calls/client.py",
        "        if self.input is None or self.output is None:\n            return None\n",
        "        if self.input is None or self.output is None:\n            return 0.0\n",
        CALLS,
    ),
    mutation(
        "difficulty is not capped by the budget's maximum",
        "allocation/plan.py",
        "return min(difficulty * per_difficulty, maximum)",
        "return difficulty * per_difficulty",
        "tests/allocation/test_plan.py",
    ),
    mutation(
        "a stage runs below its budget",
        ATTEMPTING,
        "(self.planned or 0) < stage.from_budget",
        "(self.planned or 0) < 0",
        ONE_PROBLEM,
    ),
    mutation(
        "a stopping rule does not end the later stages",
        ATTEMPTING,
        "self.stopped = self.stopped or outcome.stopped",
        "self.stopped = False",
        ONE_PROBLEM,
    ),
    mutation(
        "an abstention is a vote",
        "strategies/sampling.py",
        "None if answer is None else self._class_of(answer)",
        "0 if answer is None else self._class_of(answer)",
        "tests/strategies/test_sampling.py",
    ),
    mutation(
        "resampling happens after the last step",
        "strategies/particle_filter.py",
        "if unfinished and degenerate and not state.ending:",
        "if degenerate:",
        "tests/strategies/test_particles.py",
    ),
    mutation(
        "survivors of a resampling lose the mean weight",
        "strategies/particle_filter.py",
        "        state.log_weights = [mean] * len(drawn)",
        "        state.log_weights = [0.0] * len(drawn)",
        "tests/strategies/test_particles.py",
    ),
    mutation(
        "a call is charged to no problem",
        SENDING,
        "    call.account.charge(usage, call.stage)\n",
        "",
        ONE_PROBLEM,
    ),
    mutation(
        "a failed problem ends the others",
        "pipeline/solving.py",
        "except CallError as error:",
        "except ZeroDivisionError as error:",
        ONE_PROBLEM,
    ),
    mutation(
        "an unpriced judge passes the preflight",
        "pipeline/preflight.py",
        "if (price.input is None or price.output is None) and (",
        'if role == "model" and (price.input is None or price.output is None) and (',
        "tests/pipeline/test_preflight.py",
    ),
    mutation(
        "a search is let through where nothing continues",
        "pipeline/abilities.py",
        'if Need.CONTINUATION in needed and found.continues == "no":',
        "if False:",
        "tests/pipeline/test_preflight.py",
    ),
    mutation(
        "the ceiling forgets the selection's own calls",
        "pipeline/ceiling.py",
        "    return used + _scoring(reward, scored) + choosing + checks",
        "    return used + _scoring(reward, scored) + checks",
        ONE_PROBLEM,
        "tests/pipeline/test_ceiling.py",
    ),
    mutation(
        "a foreign part takes a shipped name",
        "parts.py",
        "        if point.name in found:\n",
        "        if False:\n",
        "tests/library/test_registry.py",
    ),
)
