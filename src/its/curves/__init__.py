"""What other budgets and strategies would have given, computed from recorded samples alone."""
