"""Lower bounds on ε: what an attack's outcome proves about a mechanism, whatever its accountant.

A mechanism that is (ε, δ)-differentially private limits how well anybody can guess. What was
guessed better refutes that ε, and the largest ε that is refuted is the bound; it is above the
true ε with probability ``error`` at most. `pair` and `gaussian` read one pair of error rates, so
they need many independent trainings or units; `one_run` and `f_dp` read the guesses of one training
into which each canary came by a coin of its own. `guessing` turns scores into guesses, and
`observational` plays the game with the next item, without canaries.
"""
