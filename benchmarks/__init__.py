"""One file per question: `run(rows)` returns figures, goals.json says how good is good enough."""
