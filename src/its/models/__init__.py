"""Where text comes from: one protocol, several kinds of model behind it."""
