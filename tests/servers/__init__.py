"""Model servers for the tests: real ones, and one that misbehaves on purpose."""
