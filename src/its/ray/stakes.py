"""One budget for a batch whose problems are solved by workers: the run's side of it."""

from __future__ import annotations

from its.allocation.shared_budget import SharedBudget
from its.calls.budget import Amount, Budget
from its.ray.messages import Draw, Reserve, Settled


class Stakes:
    """What the problems that workers solve draw, reserve and spend of the batch's budget."""

    def __init__(self, shared: SharedBudget) -> None:
        self._shared = shared
        self._stakes: dict[bytes, Stake] = {}

    async def answer(self, question: Draw | Reserve) -> int | None:
        """Raises BudgetExhausted."""
        if isinstance(question, Draw):
            return await self._shared.further(question.problem, question.drawn)
        await self._stake_of(question.problem).reserve(question.bound)
        return None

    def settle(self, settled: Settled) -> None:
        stake = self._stake_of(settled.problem)
        if settled.bound is None:
            stake.pay(settled.actual)
        else:
            stake.settle(settled.bound, settled.actual)

    def start_again(self, problem: bytes) -> None:
        """The worker that solved it was lost."""
        self._stake_of(problem).start_again()
        self._shared.start_again(problem)

    def leave(self, problem: bytes) -> None:
        if problem in self._stakes and not self._stakes[problem].open:
            del self._stakes[problem]  # else what is reserved is still to be settled
        self._shared.leave(problem)

    def _stake_of(self, problem: bytes) -> Stake:
        if problem not in self._stakes:
            self._stakes[problem] = Stake(self._shared.budget_of(problem))
        return self._stakes[problem]


class Stake:
    """One problem's part of a budget. Where the problem starts again, what it has spent stays
    spent, and pays for the same calls when they are replayed."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._spent = Amount()
        self._paid = Amount()
        self._reserved: list[tuple[Amount, Amount]] = []
        self.open = 0
        """Reservations that are asked for or held."""

    async def reserve(self, bound: Amount) -> None:
        """Raises BudgetExhausted."""
        covered = bound.within(self._paid)
        self._paid -= covered
        self.open += 1
        try:
            await self._budget.reserve(bound - covered)
        except BaseException:
            self._paid += covered
            self.open -= 1
            raise
        self._reserved.append((bound, covered))

    def settle(self, bound: Amount, actual: Amount) -> None:
        """Replace a reservation by what the call has cost."""
        bound, covered = next(each for each in self._reserved if each[0] == bound)
        self._reserved.remove((bound, covered))
        self.open -= 1
        used = actual.within(covered)
        self._paid += covered - used
        self._spent += actual
        self._budget.settle(bound - covered, actual - used)

    def pay(self, amount: Amount) -> None:
        """Spend what was not reserved."""
        used = amount.within(self._paid)
        self._paid -= used
        self._spent += amount
        self._budget.charge(amount - used)

    def start_again(self) -> None:
        for bound, _ in list(self._reserved):
            self.settle(bound, Amount())
        self._paid, self._spent = self._paid + self._spent, Amount()
