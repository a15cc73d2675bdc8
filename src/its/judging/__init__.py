"""Judging responses without solving anything: live with a reward, or from recorded scores."""
