"""How sure a selection is: a share of the vote, read as a probability of being right."""

from __future__ import annotations


def share_confidence(share: float, voting: float, total: float) -> float:
    """Probability that the winner is right, from its share of the vote.

    `share` in [0, 1] is the winner's weight by the weight of all that voted; `voting` and `total`
    count those that voted and all candidates, in samples. One that abstained is a vote for
    nobody, and half a vote is taken off the winner: it always has its own, so that its share
    overstates most where votes are few (one sample says 0.5, eight that agree .94). Without any
    fitted constant this is close to the accuracy seen on recorded pools; docs/selection.md has
    the reliability table.
    """
    if total <= 0:
        return 0.0
    return min(max((share * voting - 0.5) / total, 0.0), 1.0)
