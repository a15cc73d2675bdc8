"""How the embedded models are made: data, training, evaluation and the headline comparison.

Only this package imports torch, and only inside the functions that need it (extra `train`).
The way through it: `steps` (the arithmetic of one line) → `routes` (styles of solving) → `problems`
(three families, difficulty, held-out split) → `lessons` (prompt and completion of every skill) →
`batches` → `network`, `optimiser`, `train`; then `sampler`, `evaluate` and `headline`.
"""
