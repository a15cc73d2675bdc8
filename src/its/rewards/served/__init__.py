"""Reward models as people serve them: what each server takes and gives back, as pure functions."""
