"""Notebook 23: what attacks prove about ε, whatever an accountant says, and what can be extracted.

`canaries` and `games` plant sessions among those that are trained on; `turns` attacks the models;
`proving` makes rows of bounds from the scores and coins of any game.
"""
